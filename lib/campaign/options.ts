import { hostname } from 'node:os';
import { check, checkNames, checkObject, checkPriority, MAX_TIMEOUT, resolveValue, show } from '../checks.js';
import type { Logger } from '../log.js';
import { OF_SESSION, type ResolvedSessionOptions, resolveLogger, type SessionOptions } from '../options.js';

export interface ElectionOptions extends SessionOptions {
  /**
   * What this candidate announces; followers hear it in `leader`. At most 1 MiB.
   *
   * @default `<hostname>:<pid>`
   */
  readonly value?: string | Buffer;

  /**
   * Keeps `leader` events and `currentLeader()` true on this candidate. `false` saves a watch and, at every change of
   * leader, a read per election; `observe()` and `leader()` work all the same.
   *
   * @default true
   */
  readonly observe?: boolean;

  /**
   * Asked before each refresh while leading. `false`, a throw or no answer before the next refresh is due: this
   * candidate steps down with `UNHEALTHY` and stays out of the queue until the answer is `true` again. Not asked while
   * waiting: a candidate that is unfit from the start leads for up to a third of `ttl`.
   *
   * @default none
   */
  readonly healthCheck?: () => boolean | Promise<boolean>;

  /**
   * Milliseconds that `stop()` and `stepDown()` wait for the work of `run()` before the key is released anyway. 0 does
   * not wait. 1 to 99 are refused: such a number is usually seconds.
   *
   * @default ttl, in milliseconds
   */
  readonly releaseTimeout?: number;

  /**
   * Follows `ask()` and `etcd-leader step-down` while leading: steps down when it is asked to, work first. Costs one
   * watch while this candidate leads. `false`: whoever asks is told after two seconds that nobody has answered.
   *
   * @default true; false with a Session
   */
  readonly steerable?: boolean;

  /**
   * Who leads after a planned change: on `stop()` and `stepDown()` a leader hands over to the candidate of the highest
   * priority that waits, of equals the oldest. A whole number from -1,000 to 1,000. After a crash the oldest leads all
   * the same. Give each candidate of an election a priority, or none of them: a leader without one may not know of the
   * others'.
   *
   * @default 0
   */
  readonly priority?: number;

  /**
   * Seconds for which a candidate of a strictly higher `priority` must have waited until this one, while it leads,
   * makes way for it, work first. It needs no `stop()`, so a better candidate that comes late or back leads after all.
   * More than 0; more than 3,600 is refused: such a number is usually milliseconds.
   *
   * @default none
   */
  readonly preempt?: number;

  /**
   * How many terms of leaders etcd keeps a record of: who led, from when until when, why it ended. While it leads, this
   * candidate appends its term to the key `<election>!history`, which has no lease and stays. Read them by `history()`
   * or `etcd-leader history`. A whole number from 0 to 1,000; 0 records nothing. Give it to each candidate of an
   * election: the terms of those without it are missing. The times are the leaders' wall clocks: for people, never to
   * decide by.
   *
   * @default 0
   */
  readonly history?: number;
}

const DEFAULTS = Object.freeze({ observe: true, history: 0 });

/** Seconds. A greater number is taken for milliseconds: a better candidate would wait for hours. */
const LONGEST_PREEMPT = 3_600;
/** Terms that a history keeps at the most, because all of them are the value of one key. */
const LONGEST_HISTORY = 1_000;
/** Milliseconds. A smaller number, 0 apart, is taken for seconds: in so little time no work ends. */
const SHORT_TIMEOUT = 100;

export interface ResolvedElectionOptions {
  readonly value: Buffer;
  readonly observe: boolean;
  readonly healthCheck: (() => boolean | Promise<boolean>) | undefined;
  readonly releaseTimeout: number;
  readonly steerable: boolean;
  /** Undefined: the user has not spoken of priorities. */
  readonly priority: number | undefined;
  /** Seconds. */
  readonly preempt: number | undefined;
  /** Missing when nothing is recorded: ten thousand elections without it do not keep a field each. */
  readonly history?: number;
  readonly logger: Logger;
}

const OF_ELECTION = [
  ...OF_SESSION,
  'value',
  'observe',
  'healthCheck',
  'releaseTimeout',
  'steerable',
  'priority',
  'preempt',
  'history',
];

/** One buffer for all elections of the process, because there may be ten thousand. */
let ourName: Buffer | undefined;

function defaultValue(): Buffer {
  ourName ??= Buffer.from(`${hostname()}:${process.pid}`);
  return ourName;
}

/** @throws ElectionError `INVALID_OPTION` */
export function resolveElectionOptions(
  options: ElectionOptions,
  session: ResolvedSessionOptions,
  isShared = false,
): ResolvedElectionOptions {
  const { value, observe = DEFAULTS.observe, healthCheck, steerable = !isShared, priority, preempt } = options;
  const { history = DEFAULTS.history } = options;
  const { releaseTimeout = Math.min(session.ttl * 1000, MAX_TIMEOUT) } = options;
  check(typeof observe === 'boolean', `\`observe\` must be true or false; got ${show(observe)}`);
  check(
    healthCheck === undefined || typeof healthCheck === 'function',
    `\`healthCheck\` must be a function; got ${show(healthCheck)}`,
  );
  check(
    typeof releaseTimeout === 'number' && releaseTimeout >= 0 && releaseTimeout <= MAX_TIMEOUT,
    `\`releaseTimeout\` must be a number of milliseconds from 0 to ${MAX_TIMEOUT}; got ${show(releaseTimeout)}`,
  );
  check(
    releaseTimeout === 0 || releaseTimeout >= SHORT_TIMEOUT,
    `\`releaseTimeout\` must be 0, or ${SHORT_TIMEOUT} milliseconds or more; got ${show(releaseTimeout)}. ` +
      'It is milliseconds, not seconds',
  );
  check(typeof steerable === 'boolean', `\`steerable\` must be true or false; got ${show(steerable)}`);
  if (priority !== undefined) checkPriority(priority);
  check(
    preempt === undefined || (typeof preempt === 'number' && preempt > 0 && preempt <= LONGEST_PREEMPT),
    `\`preempt\` must be more than 0 and at most ${LONGEST_PREEMPT} seconds; got ${show(preempt)}. ` +
      'It is seconds, not milliseconds',
  );
  check(
    Number.isInteger(history) && history >= 0 && history <= LONGEST_HISTORY,
    `\`history\` must be a whole number of terms from 0 to ${LONGEST_HISTORY}; got ${show(history)}`,
  );
  const logger = options.logger === undefined ? session.logger : resolveLogger(options.logger);
  const bytes = value === undefined ? defaultValue() : resolveValue(value);
  const resolved = { value: bytes, observe, healthCheck, releaseTimeout, steerable, priority, preempt, logger };
  return shared(session, history === 0 ? resolved : { ...resolved, history });
}

/** What the last election on each session was given. */
const lastOn = new WeakMap<ResolvedSessionOptions, ResolvedElectionOptions>();

/** One object for all elections of a session that are given the same, because there may be ten thousand. */
function shared(session: ResolvedSessionOptions, resolved: ResolvedElectionOptions): ResolvedElectionOptions {
  const last = lastOn.get(session);
  const isSame = ([name, value]: [string, unknown]): boolean => {
    const before = last?.[name as keyof ResolvedElectionOptions];
    return before === value || (before instanceof Buffer && before.equals(value as Buffer));
  };
  if (last !== undefined && last.history === resolved.history && Object.entries(resolved).every(isSame)) return last;
  lastOn.set(session, resolved);
  return resolved;
}

/** The session's part of the options of an `Election`. With `hasSession`, refuses what belongs to the session. */
export function splitOptions(options: ElectionOptions = {}, hasSession: boolean): SessionOptions {
  checkObject(options);
  checkNames(options, OF_ELECTION);
  const { ttl, allowLongTtl, renewDeadline, logger } = options;
  if (hasSession) {
    for (const [name, value] of Object.entries({ ttl, allowLongTtl, renewDeadline })) {
      check(value === undefined, `\`${name}\` belongs to the Session that this election uses; got ${show(value)}`);
    }
  }
  return {
    ...(ttl !== undefined && { ttl }),
    ...(allowLongTtl !== undefined && { allowLongTtl }),
    ...(renewDeadline !== undefined && { renewDeadline }),
    ...(logger !== undefined && { logger }),
  };
}
