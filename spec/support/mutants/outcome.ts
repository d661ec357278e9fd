import type { Mutation } from './mutation.js';

/** What a mutant was found by. */
export interface MutantOutcome {
  /** How often one of the promises broke that the mutation must break. */
  readonly expected: number;
  /** The other promises that broke, and how often. */
  readonly besides: ReadonlyMap<string, number>;
}

/** A promise that was broken once. A crash breaks none, because code that cannot run does not show what it would do. */
export interface Broken<Promised extends string> {
  readonly promise: Promised;
  readonly isCrash: boolean;
}

export const CRASH = 'a crash';

export function mutantOutcome<Promised extends string>(
  { breaks }: Pick<Mutation<Promised>, 'breaks'>,
  broken: readonly Broken<Promised>[],
): MutantOutcome {
  const besides = new Map<string, number>();
  let expected = 0;
  for (const { promise, isCrash } of broken) {
    if (!isCrash && breaks.includes(promise)) {
      expected += 1;
      continue;
    }
    const what = isCrash ? CRASH : promise;
    besides.set(what, (besides.get(what) ?? 0) + 1);
  }
  return { expected, besides };
}

/** Formats `a: fencing 3, a crash 1`, the most frequent first. */
export function describeBesides({ besides }: MutantOutcome): string {
  const list = [...besides].sort(([, a], [, b]) => b - a);
  return list.map(([what, times]) => `${what} ${times}`).join(', ');
}
