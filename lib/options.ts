import { check, checkNames, checkObject, show } from './checks.js';
import { defaultLogger } from './default-logger.js';
import { GuardedLogger, type Logger } from './log.js';

export interface SessionOptions {
  /**
   * Seconds that etcd keeps the lease after the last refresh: how long a crashed leader holds its place. Whole seconds,
   * 2 or more (etcd's minimum with its default timings); etcd may grant more than is asked, and what it grants counts.
   * More than an hour is refused, unless `allowLongTtl` says that it is meant: such a number is usually milliseconds.
   *
   * @default 10
   */
  readonly ttl?: number;

  /**
   * Allows a `ttl` of more than 3,600 seconds. A leader that crashes then holds its place for that long.
   *
   * @default false
   */
  readonly allowLongTtl?: boolean;

  /**
   * Seconds after the last successful refresh (counted from when it was *sent*) at which this candidate stops leading.
   * What is left until `ttl` is the time that its work has to stop before another can start.
   *
   * More than a third of `ttl`, since that is how often the lease is refreshed, and less than `ttl`.
   *
   * @default 0.75 * ttl
   */
  readonly renewDeadline?: number;

  /**
   * Where the library logs to: anything shaped like pino. Without a logger, warnings and errors are warnings of the
   * process (`EtcdLeaderWarning`), each kind once for each election. The environment variable `ETCD_LEADER_LOG` names a
   * level of pino's to log at instead, or is `silent`.
   *
   * @default warnings of the process, or as `ETCD_LEADER_LOG` says
   */
  readonly logger?: Logger;
}

export const DEFAULTS = Object.freeze({ ttl: 10, allowLongTtl: false, renewDeadlineShare: 0.75 });

/** etcd's minimum: ceil(1.5 x its election timeout of 1 s). */
const MIN_TTL = 2;
/** etcd's maximum: https://github.com/etcd-io/etcd/blob/v3.4.23/lease/lessor.go, `MaxLeaseTTL`. */
const MAX_TTL = 9_000_000_000;
/** Seconds. A greater number is taken for milliseconds: as seconds it would cost hours after a crash. */
export const LONG_TTL = 3_600;

export interface ResolvedSessionOptions {
  readonly ttl: number;
  readonly renewDeadline: number;
  readonly logger: Logger;
}

/** The names of a session's options. */
export const OF_SESSION: readonly string[] = ['ttl', 'allowLongTtl', 'renewDeadline', 'logger'];

/** @throws ElectionError `INVALID_OPTION` */
export function resolveLogger(logger: unknown): Logger {
  if (logger === undefined) return defaultLogger();
  const shaped =
    typeof logger === 'object' &&
    logger !== null &&
    (['debug', 'info', 'warn', 'error'] as const).every(
      (m) => typeof (logger as Record<string, unknown>)[m] === 'function',
    );
  check(shaped, `\`logger\` must have the methods debug, info, warn and error, as pino's; got ${show(logger)}`);
  return new GuardedLogger(logger as Logger);
}

/** @throws ElectionError `INVALID_OPTION` */
export function resolveSessionOptions(options: SessionOptions = {}): ResolvedSessionOptions {
  checkObject(options);
  checkNames(options, OF_SESSION);
  const { ttl = DEFAULTS.ttl, allowLongTtl = DEFAULTS.allowLongTtl } = options;
  check(typeof allowLongTtl === 'boolean', `\`allowLongTtl\` must be true or false; got ${show(allowLongTtl)}`);
  check(
    Number.isInteger(ttl) && ttl >= MIN_TTL,
    `\`ttl\` must be a whole number of seconds, ${MIN_TTL} or more; got ${show(ttl)}`,
  );
  check(
    allowLongTtl || ttl <= LONG_TTL,
    `\`ttl\` must be ${LONG_TTL} seconds or less; got ${show(ttl)}. It is seconds, not milliseconds; ` +
      'if you mean a crashed leader to hold its place for so long, say `allowLongTtl: true`',
  );
  check(ttl <= MAX_TTL, `\`ttl\` must be ${MAX_TTL} seconds or less; got ${show(ttl)}`);
  const { renewDeadline = DEFAULTS.renewDeadlineShare * ttl } = options;
  check(
    typeof renewDeadline === 'number' && renewDeadline > ttl / 3 && renewDeadline < ttl,
    `\`renewDeadline\` must be a number of seconds, more than a third of \`ttl\` (${ttl} s) and less than \`ttl\`; ` +
      `got ${show(renewDeadline)}`,
  );
  return { ttl, renewDeadline, logger: resolveLogger(options.logger) };
}
