import { count } from './model/text.js';
import type { PageState } from './page-state.js';

/** Between two announcements, so that a screen reader can finish one. */
const PAUSE = 2_000;
/** More changes than this are told by their number. */
const SPOKEN = 3;

const KEPT = 10;

let tell: (text: string) => void = () => {};

/** Has a screen reader say something now, such as what a key has moved to. */
export function announce(text: string): void {
  tell(text);
}

/** Announces changes of leader: each, or how many when there are many. */
export function announceChanges(state: PageState): void {
  const region = document.getElementById('announcements');
  if (region === null) return;
  // Screen readers tell what is added, also when it says the same as before.
  tell = (text) => {
    const line = document.createElement('p');
    line.textContent = text;
    region.append(line);
    while (region.childElementCount > KEPT) region.firstElementChild?.remove();
  };
  let waiting: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    if (waiting.length === 0) return;
    const isFew = waiting.length <= SPOKEN;
    tell(isFew ? waiting.join('; ') : `${count(waiting.length, 'change', 'changes')} of leader`);
    waiting = [];
    timer = setTimeout(flush, PAUSE);
  };
  state.onChange((changes) => {
    for (const { election, leader, token } of changes) {
      waiting.push(leader === undefined ? `${election}: nobody leads` : `${election}: ${leader} leads, token ${token}`);
    }
    if (timer === undefined) timer = setTimeout(flush, 0);
  });
}
