import { FORGERIES } from '../../support/pool/plan-forger.js';
import type { FaultKind } from '../nemesis/kinds.js';
import { type Balance, isEven } from './balance.js';
import type { Findings } from './check.js';
import type { Overlap } from './overlaps.js';

/** Milliseconds from which on a run must have applied every kind of fault. */
const LONG = 5 * 60_000;
/**
 * Milliseconds after the end of all faults in which every election must be led, because leases and a slow machine take
 * time.
 */
const LED_AGAIN_WITHIN = 30_000;
/** Bytes by which a process may grow. Beyond that it may still not double, because a leak as long as a run does. */
const GROWTH = 100 * 2 ** 20;
/** Changes of leader per minute below which a run has shown nothing. */
const CHANGES_PER_MINUTE = 1;

/** The kind of fault that forges plans of the pool. */
const FORGING: FaultKind = 'forged plans';

/** What a run can be found to have broken. docs/testing-chaos.md lists these as "What fails a run". */
export type Promised =
  | 'one leader'
  | 'tokens grow'
  | 'guarded writes'
  | 'somebody leads'
  | 'pairs and ends'
  | 'tasks apart'
  | 'balance'
  | 'no crash'
  | 'memory'
  | 'enough has happened';

export interface Failure {
  readonly promise: Promised;
  readonly message: string;
}

/** The reasons why the run has failed; none when it has passed. */
export function verdictOn(findings: Findings): Failure[] {
  return [...violations(findings), ...shortcomings(findings)];
}

/** The promises that the library has broken. */
function violations({ overlaps, disorder, badWrites, recovery, processes, pool }: Findings): Failure[] {
  const failures: Failure[] = [];
  const fail = (promise: Promised, message: string): void => {
    failures.push({ promise, message });
  };
  for (const overlap of overlaps) if (overlap.excuse === undefined) fail('one leader', describeOverlap(overlap));
  for (const { election, before, after, excuse } of disorder) {
    if (excuse !== undefined) continue;
    const order = `token ${after.token} (${after.process}) led after ${before.token} (${before.process})`;
    fail('tokens grow', `${election}: ${order}`);
  }
  for (const why of badWrites) fail('guarded writes', `a guarded write out of order: ${why}`);
  for (const [election, ms] of recovery) {
    if (ms !== undefined && ms <= LED_AGAIN_WITHIN) continue;
    fail('somebody leads', `${election}: nobody led within ${LED_AGAIN_WITHIN} ms after the faults had ended`);
  }
  for (const why of processes.violations) fail('pairs and ends', why);
  for (const why of pool?.badTasks ?? []) fail('tasks apart', why);
  if (pool?.balance !== undefined && !isEven(pool.balance)) fail('balance', describeBalance(pool.balance));
  for (const why of processes.crashes) fail('no crash', `a process broke: ${why}`);
  for (const { process, first, last } of processes.memories) {
    const hasGrown = last - first > GROWTH && last > 2 * first;
    if (hasGrown) fail('memory', `${process} has grown from ${first} to ${last} bytes`);
  }
  return failures;
}

function describeBalance({ shares, unowned }: Balance): string {
  const counts = [...shares].map(([worker, count]) => `${worker} ${count}`).join(', ');
  return `the pool was not balanced at the end: ${counts}, nobody ${unowned.length}`;
}

function describeOverlap({ election, earlier, later, from, length }: Overlap): string {
  const who = [earlier, later].map(({ process, token }) => `${process} with token ${token}`).join(' and ');
  return `two leaders of ${election} for ${(length / 1_000).toFixed(3)} ms from ${from} µs: ${who}`;
}

/** What the run has not done enough of: a run that has done too little proves nothing. */
function shortcomings({ faults, samples, changes, writes, pool }: Findings): Failure[] {
  const lacking: string[] = [];
  const expected = Math.max(1, Math.floor((CHANGES_PER_MINUTE * faults.duration) / 60_000));
  if (samples === 0) lacking.push('no leader was seen');
  if (changes.main < expected) lacking.push(`too few changes of leader: ${changes.main}, not ${expected}`);
  if (writes.found === 0 || writes.committed === 0) lacking.push('no guarded write was committed');
  if (pool !== undefined && pool.held === 0) lacking.push('no partition of the pool was let go in order');
  if (faults.steps.length === 0) lacking.push('no fault was applied');
  const missing = faults.kinds.filter((kind) => !faults.applied.has(kind));
  if (faults.duration >= LONG && missing.length > 0) lacking.push(`never applied: ${missing.join(', ')}`);
  if (faults.duration >= LONG && faults.kinds.includes(FORGING)) {
    const ways = FORGERIES.filter((how) => !faults.forged.has(how));
    if (ways.length > 0) lacking.push(`no plan was forged so: ${ways.join(', ')}`);
  }
  if (faults.endingAt === undefined) lacking.push('the run was not finished');
  return lacking.map((message) => ({ promise: 'enough has happened', message }));
}
