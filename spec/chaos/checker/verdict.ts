import type { Findings } from './check.js';
import type { Overlap } from './overlaps.js';

/** From this length on (ms) a run must have applied every kind of fault. */
const LONG = 5 * 60_000;
/** ms after the end of all faults in which every election must be led: more than the longest lease, and a slow machine. */
const LED_AGAIN_WITHIN = 30_000;
/** Bytes that a process may grow by, and by how much of what it had: a leak of a run's length goes beyond both. */
const GROWTH = 100 * 2 ** 20;
/** Fewer changes of leader for each minute and a run has shown nothing. */
const CHANGES_PER_MINUTE = 1;

/** What a run can be found to have broken; docs/testing-chaos.md has them as "What fails a run". */
export type Promised =
  | 'one leader'
  | 'tokens grow'
  | 'guarded writes'
  | 'somebody leads'
  | 'pairs and ends'
  | 'no crash'
  | 'memory'
  | 'enough has happened';

export interface Failure {
  readonly promise: Promised;
  readonly message: string;
}

/** Why the run has failed; empty: it has not. */
export function verdictOn(findings: Findings): Failure[] {
  return [...violations(findings), ...shortcomings(findings)];
}

/** What the library has promised and not kept. */
function violations({ overlaps, disorder, badWrites, recovery, processes }: Findings): Failure[] {
  const late = [...recovery].filter(([, ms]) => ms === undefined || ms > LED_AGAIN_WITHIN);
  const grown = processes.memories.filter(({ first, last }) => last - first > GROWTH && last > 2 * first);
  return [
    ...failures('one leader', overlaps.filter(({ excused }) => !excused).map(describeOverlap)),
    ...failures(
      'tokens grow',
      disorder.map(
        ({ election, before, after }) =>
          `${election}: token ${after.token} (${after.process}) led after ${before.token} (${before.process})`,
      ),
    ),
    ...failures(
      'guarded writes',
      badWrites.map((why) => `a guarded write out of order: ${why}`),
    ),
    ...failures(
      'somebody leads',
      late.map(([name]) => `${name}: nobody led within ${LED_AGAIN_WITHIN} ms after the faults had ended`),
    ),
    ...failures('pairs and ends', processes.violations),
    ...failures(
      'no crash',
      processes.crashes.map((why) => `a process broke: ${why}`),
    ),
    ...failures(
      'memory',
      grown.map(({ process, first, last }) => `${process} has grown from ${first} to ${last} bytes`),
    ),
  ];
}

function failures(promise: Promised, messages: readonly string[]): Failure[] {
  return messages.map((message) => ({ promise, message }));
}

function describeOverlap({ election, earlier, later, from, length }: Overlap): string {
  const who = [earlier, later].map(({ process, token }) => `${process} with token ${token}`).join(' and ');
  return `two leaders of ${election} for ${(length / 1_000).toFixed(3)} ms from ${from} µs: ${who}`;
}

/** A run that has done too little proves nothing. */
function shortcomings({ faults, samples, changes, writes }: Findings): Failure[] {
  const lacking: string[] = [];
  const expected = Math.max(1, Math.floor((CHANGES_PER_MINUTE * faults.duration) / 60_000));
  if (samples === 0) lacking.push('no leader was seen');
  if (changes.main < expected) lacking.push(`too few changes of leader: ${changes.main}, not ${expected}`);
  if (writes.found === 0 || writes.committed === 0) lacking.push('no guarded write was committed');
  if (faults.steps.length === 0) lacking.push('no fault was applied');
  const missing = faults.kinds.filter((kind) => !faults.applied.has(kind));
  if (faults.duration >= LONG && missing.length > 0) lacking.push(`never applied: ${missing.join(', ')}`);
  if (faults.endingAt === undefined) lacking.push('the run was not finished');
  return failures('enough has happened', lacking);
}
