import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../docs/pages.js';

/** A mistake that somebody could make in lib/, as one replacement in its source. `Promised` is what can be broken. */
export interface Mutation<Promised extends string> {
  readonly name: string;
  readonly file: string;
  /** The text to replace. It must be in the source exactly once, or the table is out of date. */
  readonly search: string;
  readonly replace: string;
  /** One of these must break. What else breaks does not show that the mistake is noticed. */
  readonly breaks: readonly [Promised, ...Promised[]];
}

/** A source before and after the replacement, and where the change begins. */
export interface Mutated {
  readonly original: string;
  readonly text: string;
  readonly at: number;
}

/** @throws when the text to replace is not in the source exactly once, so that the table is out of date */
export function mutate({ name, file, search, replace }: Mutation<string>): Mutated {
  const original = readFileSync(join(ROOT, file), 'utf8');
  const parts = original.split(search);
  if (parts.length !== 2) {
    throw new Error(`mutation "${name}": its text is ${parts.length - 1} times in ${file}, and should be once`);
  }
  return { original, text: parts.join(replace), at: original.indexOf(search) };
}
