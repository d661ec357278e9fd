import type { Key } from './ink.js';
import type { Named, Press } from './screen-state.js';

const NAMES: readonly (readonly [keyof Key, Named])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['leftArrow', 'escape'],
  ['rightArrow', 'enter'],
  ['backspace', 'erase'],
  ['delete', 'erase'],
];

/** What Ink says of a key; `interrupt`: Ctrl-C. Undefined: a key that means nothing here. */
export function pressOf(input: string, key: Key): Press | 'interrupt' | undefined {
  if (key.ctrl) return input === 'c' ? 'interrupt' : undefined;
  const named = NAMES.find(([name]) => key[name] === true);
  if (named !== undefined) return { key: named[1] };
  return input === '' || key.meta || key.tab ? undefined : { text: input };
}
