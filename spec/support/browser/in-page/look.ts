/** What specs ask of the page, from inside the browser. It is compiled for the browser: see `chromium.ts`. */

const rows = (): Element[] => [...document.querySelectorAll('[role="option"]')];

const look = {
  /** The times between frames while `measure` ran, and what the browser itself calls long tasks. */
  frames: [] as number[],

  /** What screen readers say of the row that begins so; empty when there is none. */
  rowText: (start: string): string =>
    rows()
      .map((row) => row.textContent ?? '')
      .find((text) => text.startsWith(start)) ?? '',

  /** The changes of that row's text, and when they came. */
  shown: [] as { at: number; text: string }[],

  record(start: string): void {
    const note = (): void => {
      const text = look.rowText(start);
      if (text !== '' && look.shown.at(-1)?.text !== text) look.shown.push({ at: Date.now(), text });
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
  },

  /** The texts of the connection's status, one after the other. */
  statuses: [] as string[],

  recordStatus(): void {
    const note = (): void => {
      const text = document.querySelector('output')?.textContent ?? '';
      if (look.statuses.at(-1) !== text) look.statuses.push(text);
    };
    const options = { subtree: true, childList: true, characterData: true };
    new MutationObserver(note).observe(document.body, options);
  },

  /** How many pixels of that row's timeline have the colour of gaps. */
  gapPixels(start: string): number {
    const canvas = rows()
      .find((row) => row.textContent?.startsWith(start))
      ?.querySelector('canvas');
    if (!canvas) throw new Error('there is no timeline');
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height + 1).getContext('2d', { willReadFrequently: true });
    if (copy === null) throw new Error('there is no canvas');
    copy.drawImage(canvas, 0, 0);
    copy.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--gap').trim();
    copy.fillRect(0, height, 1, 1);
    const [red, green, blue] = copy.getImageData(0, height, 1, 1).data;
    const { data } = copy.getImageData(0, 0, width, height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count++;
    }
    return count;
  },

  isScrolledSideways: (): boolean => document.documentElement.scrollWidth > globalThis.innerWidth,

  /** What has the focus: its name, its text or its tag. */
  focused(): string {
    const element = document.activeElement;
    return element?.getAttribute('aria-label') || element?.textContent?.trim() || (element?.tagName ?? '');
  },

  /** Whether it is seen what has the focus: something is drawn around it. */
  isFocusSeen(): boolean {
    const element = document.activeElement;
    if (element === null) return false;
    const drawn = [element, element.nextElementSibling ?? element].map((each) => getComputedStyle(each));
    return drawn.some(
      ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
    );
  },

  tags: (): string[] => [...document.querySelectorAll('#app *')].map(({ tagName }) => tagName.toLowerCase()),

  /** From now on notes the time between frames. Returns what ends that. */
  measure(): void {
    look.frames = [];
    let last = performance.now();
    const next = (): void => {
      const now = performance.now();
      look.frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  },

  /** Scrolls a list to its end and back, a piece in each frame. Resolves when that is done. */
  async scroll(list: Element, step: number): Promise<void> {
    const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
    for (const direction of [1, -1]) {
      const isOver = (): boolean =>
        direction > 0 ? list.scrollTop + list.clientHeight >= list.scrollHeight - 1 : list.scrollTop <= 0;
      while (!isOver()) {
        list.scrollTop += direction * step;
        await frame();
      }
    }
  },
};

Object.assign(globalThis, { look });
export type PageLook = typeof look;
