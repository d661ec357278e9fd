import type { Locator, Page } from 'playwright-core';
import { SOON, until } from '../wait.js';
import type { OpenedPage } from './chromium.js';

/** A change of one row's text, and when the page showed it: milliseconds since 1970. */
export interface Shown {
  readonly at: number;
  readonly text: string;
}

/** The page of `etcd-leader serve`, as its users have it. */
export class ElectionsPage {
  readonly page: Page;
  readonly #opened: OpenedPage;

  private constructor(opened: OpenedPage) {
    this.page = opened.page;
    this.#opened = opened;
  }

  /** Resolves when the page is live, unless something else is awaited. */
  static async open(opened: OpenedPage, url: string, status = /Live/): Promise<ElectionsPage> {
    const page = new ElectionsPage(opened);
    await opened.page.goto(url);
    await page.statusIs(status);
    return page;
  }

  get complaints(): readonly string[] {
    return this.#opened.complaints;
  }

  get requests(): readonly string[] {
    return this.#opened.requests;
  }

  get list(): Locator {
    return this.page.getByRole('listbox', { name: /Elections/ });
  }

  row(name: string): Locator {
    return this.page.getByRole('option', { name: new RegExp(`^${name.replaceAll(/[^\w]/g, '\\$&')}: `) });
  }

  async status(): Promise<string> {
    return (await this.page.getByRole('status').first().textContent()) ?? '';
  }

  async statusIs(pattern: RegExp, within = SOON): Promise<void> {
    await until(async () => pattern.test(await this.status()), { within, what: `a status like ${pattern}` });
  }

  /** What screen readers say of a row; empty when there is no such row. */
  async textOf(name: string): Promise<string> {
    return await this.page.evaluate((start) => {
      const rows = [...document.querySelectorAll('[role="option"]')];
      return rows.map((row) => row.getAttribute('aria-label') ?? '').find((text) => text.startsWith(start)) ?? '';
    }, `${name}: `);
  }

  async shows(name: string, pattern: RegExp, within = SOON): Promise<void> {
    let last = '';
    const isThere = async (): Promise<boolean> => {
      last = await this.textOf(name);
      return pattern.test(last);
    };
    await until(isThere, { within, what: `${name} to be like ${pattern}` }).catch((err: Error) => {
      throw new Error(`${err.message}; it is: ${last}`);
    });
  }

  /** From now on records when the text of this row changes. Returns what was recorded so far. */
  async record(name: string): Promise<() => Promise<readonly Shown[]>> {
    await this.page.evaluate((start) => {
      const shown: { at: number; text: string }[] = [];
      Object.assign(globalThis, { shown });
      const look = (): void => {
        const rows = [...document.querySelectorAll('[role="option"]')];
        const row = rows.map((each) => each.getAttribute('aria-label') ?? '').find((text) => text.startsWith(start));
        if (row !== undefined && shown.at(-1)?.text !== row) shown.push({ at: Date.now(), text: row });
      };
      look();
      const options = { subtree: true, childList: true, attributes: true };
      new MutationObserver(look).observe(document.body, options);
    }, `${name}: `);
    return async () => await this.page.evaluate(() => Reflect.get(globalThis, 'shown') as Shown[]);
  }

  /** How many pixels of a row's timeline have the colour of gaps. */
  async gapPixels(name: string): Promise<number> {
    return await this.row(name)
      .locator('canvas')
      .evaluate((element) => {
        const { width, height } = element as HTMLCanvasElement;
        const copy = new OffscreenCanvas(width, height + 1).getContext('2d', { willReadFrequently: true });
        if (copy === null) throw new Error('there is no canvas');
        copy.drawImage(element as HTMLCanvasElement, 0, 0);
        copy.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--gap').trim();
        copy.fillRect(0, height, 1, 1);
        const [red, green, blue] = copy.getImageData(0, height, 1, 1).data;
        const { data } = copy.getImageData(0, 0, width, height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count++;
        }
        return count;
      });
  }

  /** Wider than the window? */
  async isScrolledSideways(): Promise<boolean> {
    return await this.page.evaluate(() => document.documentElement.scrollWidth > globalThis.innerWidth);
  }

  async focused(): Promise<string> {
    return await this.page.evaluate(() => {
      const { activeElement: element } = document;
      return element?.getAttribute('aria-label') || element?.textContent?.trim() || (element?.tagName ?? '');
    });
  }
}
