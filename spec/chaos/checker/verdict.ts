import type { Findings } from './check.js';

/** From this length on (ms) a run must have applied every kind of fault. */
const LONG = 5 * 60_000;
/** ms after the end of all faults in which every election must be led: more than the longest lease, and a slow machine. */
const LED_AGAIN_WITHIN = 30_000;
/** Bytes that a process may grow by, and by how much of what it had: a leak of a run's length goes beyond both. */
const GROWTH = 100 * 2 ** 20;
/** Fewer changes of leader for each minute and a run has shown nothing. */
const CHANGES_PER_MINUTE = 1;

/** Why the run has failed; empty: it has not. */
export function verdictOn(findings: Findings): string[] {
  return [...violations(findings), ...shortcomings(findings)];
}

/** What the library has promised and not kept. */
function violations({ overlaps, disorder, badWrites, recovery, processes }: Findings): string[] {
  const failures = overlaps
    .filter(({ excused }) => !excused)
    .map(({ election, earlier, later, from, length }) => {
      const who = [earlier, later].map(({ process, token }) => `${process} with token ${token}`).join(' and ');
      return `two leaders of ${election} for ${(length / 1_000).toFixed(3)} ms from ${from} µs: ${who}`;
    });
  for (const { election, before, after } of disorder) {
    failures.push(`${election}: token ${after.token} (${after.process}) led after ${before.token} (${before.process})`);
  }
  failures.push(...badWrites.map((why) => `a guarded write out of order: ${why}`));
  for (const [election, ms] of recovery) {
    if (ms === undefined || ms > LED_AGAIN_WITHIN) {
      failures.push(`${election}: nobody led within ${LED_AGAIN_WITHIN} ms after the faults had ended`);
    }
  }
  failures.push(...processes.violations, ...processes.crashes.map((why) => `a process broke: ${why}`));
  for (const { process, first, last } of processes.memories) {
    if (last - first > GROWTH && last > 2 * first) failures.push(`${process} has grown from ${first} to ${last} bytes`);
  }
  return failures;
}

/** A run that has done too little proves nothing. */
function shortcomings({ faults, samples, changes, writes }: Findings): string[] {
  const failures: string[] = [];
  const expected = Math.max(1, Math.floor((CHANGES_PER_MINUTE * faults.duration) / 60_000));
  if (samples === 0) failures.push('no leader was seen');
  if (changes.main < expected) failures.push(`too few changes of leader: ${changes.main}, not ${expected}`);
  if (writes.found === 0 || writes.committed === 0) failures.push('no guarded write was committed');
  if (faults.steps.length === 0) failures.push('no fault was applied');
  const missing = faults.kinds.filter((kind) => !faults.applied.has(kind));
  if (faults.duration >= LONG && missing.length > 0) failures.push(`never applied: ${missing.join(', ')}`);
  if (faults.endingAt === undefined) failures.push('the run was not finished');
  return failures;
}
