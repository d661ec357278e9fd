import { hostname } from 'node:os';
import {
  type ElectionOptions,
  type ResolvedElectionOptions,
  resolveElectionOptions,
  splitOptions,
} from '../campaign/options.js';
import { check, checkNames, checkObject, MAX_TIMEOUT, show } from '../checks.js';
import { ElectionError } from '../errors.js';
import { OF_SESSION, type ResolvedSessionOptions, type SessionOptions } from '../options.js';
import { bytesOfList, PartitionList } from './partition-list.js';
import { MOST_PARTITIONS } from './wire.js';

export interface PoolOptions extends SessionOptions {
  /**
   * The partitions: a number for `0` to `n - 1`, or their names, each once and without `!`; at most 100,000, and at
   * most 1 MiB of names in JSON. Workers may differ while this changes: a partition is planned only for those that
   * announce it.
   */
  readonly partitions: number | readonly string[];

  /**
   * This worker's name. Give one that survives a restart, and the worker gets its own partitions back where the balance
   * allows.
   *
   * @default `<hostname>:<pid>`
   */
  readonly member?: string;

  /**
   * This worker's share of the partitions in relation to the others'. 0 drains it.
   *
   * @default 1
   */
  readonly weight?: number;

  /**
   * Milliseconds without a change of membership before partitions are moved for balance, and before they are given out
   * at a cold start. Membership that never rests is waited for five times as long at the most. Apart from a cold start,
   * partitions that nobody owns are given out at once. Counts on the worker that coordinates. Numbers between 0 and 10
   * are refused: such a number is usually seconds.
   *
   * @default 1000
   */
  readonly settle?: number;

  /**
   * Milliseconds that a worker may take to stand for a partition that it was given; then the partition is planned for
   * another. Counts on the worker that coordinates, and on each worker for its waits. Less than 100 is refused: such a
   * number is usually seconds.
   *
   * @default ttl, in milliseconds
   */
  readonly handoffTimeout?: number;

  /**
   * How many handovers this worker waits for at a time: how many present owners it stands behind.
   *
   * @default 16
   */
  readonly concurrency?: number;

  /**
   * Whether this worker may be the coordinator. Where no worker may, nothing is planned, and `error` says so.
   *
   * @default true
   */
  readonly coordinate?: boolean;

  /**
   * Asked before each refresh. `false`, a throw or no answer before the next refresh is due ends every ownership with
   * `UNHEALTHY`, and counts as weight 0 until the answer is `true` again.
   *
   * @default none
   */
  readonly healthCheck?: () => boolean | Promise<boolean>;

  /**
   * Milliseconds that a task has to end before its partition is released anyway; and that `stop()` hands over at the
   * most. 0 does not wait. 1 to 99 are refused: such a number is usually seconds.
   *
   * @default ttl, in milliseconds
   */
  readonly releaseTimeout?: number;
}

export const POOL_DEFAULTS = Object.freeze({ weight: 1, settle: 1_000, concurrency: 16, coordinate: true });

export interface ResolvedPoolOptions {
  readonly list: PartitionList;
  readonly member: string;
  readonly weight: number;
  readonly settle: number;
  readonly handoffTimeout: number;
  readonly concurrency: number;
  readonly coordinate: boolean;
  readonly healthCheck: ResolvedElectionOptions['healthCheck'];
  readonly releaseTimeout: number;
  readonly logger: ResolvedElectionOptions['logger'];
}

const OF_ELECTION = [...OF_SESSION, 'healthCheck', 'releaseTimeout'];
const OF_POOL = ['partitions', 'member', 'weight', 'settle', 'handoffTimeout', 'concurrency', 'coordinate'];

/** Milliseconds. A smaller number is taken for seconds: in so little time no worker takes a partition. */
const SHORT_TIMEOUT = 100;

/** Milliseconds. A smaller `settle`, 0 apart, is taken for seconds: no change of membership is over so soon. */
const SHORT_SETTLE = 10;
/** Bytes of a list of names as it lies in etcd, which refuses requests over 1.5 MiB by default. */
const MOST_BYTES = 1024 * 1024;

/** The session's part of a pool's options. With `hasSession`, refuses what belongs to the session. */
export function splitPoolOptions(options: PoolOptions, hasSession: boolean): SessionOptions {
  checkObject(options);
  checkNames(options, [...OF_POOL, ...OF_ELECTION]);
  return splitOptions(electionOptions(options), hasSession);
}

/** @throws ElectionError `INVALID_OPTION` */
export function resolvePoolOptions(options: PoolOptions, session: ResolvedSessionOptions): ResolvedPoolOptions {
  const { partitions, member = `${hostname()}:${process.pid}`, weight = POOL_DEFAULTS.weight } = options;
  const { settle = POOL_DEFAULTS.settle, concurrency = POOL_DEFAULTS.concurrency } = options;
  const { coordinate = POOL_DEFAULTS.coordinate } = options;
  const { handoffTimeout = Math.min(session.ttl * 1_000, MAX_TIMEOUT) } = options;
  check(
    typeof member === 'string' && member !== '',
    `\`member\` must be a string that is not empty; got ${show(member)}`,
  );
  checkWeight(weight);
  check(
    typeof settle === 'number' && settle >= 0 && settle <= MAX_TIMEOUT,
    `\`settle\` must be a number of milliseconds from 0 to ${MAX_TIMEOUT}; got ${show(settle)}`,
  );
  check(
    settle === 0 || settle >= SHORT_SETTLE,
    `\`settle\` must be 0, or ${SHORT_SETTLE} milliseconds or more; got ${show(settle)}. ` +
      'It is milliseconds, not seconds',
  );
  check(
    typeof handoffTimeout === 'number' && handoffTimeout >= SHORT_TIMEOUT && handoffTimeout <= MAX_TIMEOUT,
    `\`handoffTimeout\` must be a number of milliseconds from ${SHORT_TIMEOUT} to ${MAX_TIMEOUT}; ` +
      `got ${show(handoffTimeout)}`,
  );
  check(
    Number.isSafeInteger(concurrency) && concurrency >= 1,
    `\`concurrency\` must be a whole number, 1 or more; got ${show(concurrency)}`,
  );
  check(typeof coordinate === 'boolean', `\`coordinate\` must be true or false; got ${show(coordinate)}`);
  const { healthCheck, releaseTimeout, logger } = resolveElectionOptions(
    { ...electionOptions(options), value: member },
    session,
  );
  const list = resolvePartitions(partitions);
  return { list, member, weight, settle, handoffTimeout, concurrency, coordinate, healthCheck, releaseTimeout, logger };
}

/** @throws ElectionError `INVALID_OPTION` */
export function checkWeight(weight: unknown): asserts weight is number {
  check(
    typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY,
    `\`weight\` must be a number, 0 or more; got ${show(weight)}`,
  );
}

/** A partition as the methods of a pool take it. @throws ElectionError `INVALID_OPTION` */
export function checkPartition(partition: unknown): string {
  check(
    (typeof partition === 'string' && partition !== '') ||
      (Number.isSafeInteger(partition) && (partition as number) >= 0),
    `\`partition\` must be a name that is not empty, or a whole number, 0 or more; got ${show(partition)}`,
  );
  return String(partition);
}

function electionOptions(options: PoolOptions): ElectionOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => OF_ELECTION.includes(name)));
}

function resolvePartitions(partitions: unknown): PartitionList {
  if (!Array.isArray(partitions)) {
    check(
      typeof partitions === 'number' &&
        Number.isInteger(partitions) &&
        partitions >= 1 &&
        partitions <= MOST_PARTITIONS,
      `\`partitions\` must be a whole number from 1 to ${MOST_PARTITIONS}, or a list of names; got ${show(partitions)}`,
    );
    return PartitionList.numbered(partitions);
  }
  check(
    partitions.length >= 1 && partitions.length <= MOST_PARTITIONS,
    `\`partitions\` must be a list of 1 to ${MOST_PARTITIONS} names; got ${partitions.length}`,
  );
  const seen = new Set<string>();
  for (const name of partitions as readonly unknown[]) {
    checkPartitionName(name);
    check(!seen.has(name), `\`partitions\` must name each partition once; got ${show(name)} twice`);
    seen.add(name);
  }
  const names = [...seen];
  const { length } = bytesOfList(names);
  check(length <= MOST_BYTES, `\`partitions\` must be ${MOST_BYTES} bytes or less in JSON; got ${length}`);
  return PartitionList.named(names);
}

function checkPartitionName(name: unknown): asserts name is string {
  check(
    typeof name === 'string' && name !== '',
    `\`partitions\` must be names that are strings and not empty; got ${show(name)}`,
  );
  // Each partition is an election, and keys with `!` are control keys of elections.
  check(!name.includes('!'), `\`partitions\` must not contain "!"; got ${show(name)}`);
  if (Buffer.from(name).toString() === name) return;
  throw new ElectionError('INVALID_OPTION', `\`partitions\` must be text that UTF-8 can write; got ${show(name)}`);
}
