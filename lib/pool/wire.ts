import type { Announcement } from './partition-list.js';

/**
 * The values of a pool's keys: JSON in UTF-8. Unknown fields are ignored. A value that makes no sense is ignored: every
 * value is a hint, and others can write the keys.
 */

/** What a worker says of itself. */
export interface MemberValue {
  readonly id: string;
  readonly weight: number;
  readonly announcement: Announcement;
  /** The worker is stopping. */
  readonly isLeaving: boolean;
  /** The health check of the worker fails. */
  readonly isUnfit: boolean;
}

/** What a worker is to do. Partitions are named by their index in the worker's own list. */
export interface PlanValue {
  /** The token of the coordinator that has written the plan. */
  readonly by: string;
  /** The partitions to own, in ascending order, each once. */
  readonly own: readonly number[];
  /** Whom to hand a partition over to: the successor's lease. */
  readonly give: ReadonlyMap<number, string>;
}

/** What an operator wants. */
export interface ControlValue {
  readonly isPaused: boolean;
  /** Ids of members. */
  readonly drained: ReadonlySet<string>;
}

export const NO_CONTROL: ControlValue = { isPaused: false, drained: new Set() };

const LEASE = /^[0-9a-f]{1,16}$/;
const HASH = /^[0-9a-f]{16}$/;
export const MOST_PARTITIONS = 100_000;

export function encodeMember({ id, weight, announcement, isLeaving, isUnfit }: MemberValue): Buffer {
  const flags = { ...(isLeaving && { leaving: true }), ...(isUnfit && { unfit: true }) };
  return Buffer.from(JSON.stringify({ v: 1, id, weight, ...announcement, ...flags }));
}

export function parseMember(bytes: Buffer): MemberValue | undefined {
  const value = parse(bytes);
  if (value === undefined) return undefined;
  const { id, weight, count, list, leaving, unfit } = value;
  if (typeof id !== 'string' || typeof weight !== 'number' || !(weight >= 0)) return undefined;
  const announcement = announcementIn(count, list);
  if (announcement === undefined) return undefined;
  return { id, weight, announcement, isLeaving: leaving === true, isUnfit: unfit === true };
}

function announcementIn(count: unknown, list: unknown): Announcement | undefined {
  if (typeof list === 'string' && isHash(list)) return { list };
  const isCount = Number.isInteger(count) && (count as number) >= 1 && (count as number) <= MOST_PARTITIONS;
  return isCount ? { count: count as number } : undefined;
}

/** Whether a list can have this name. */
export function isHash(name: string): boolean {
  return HASH.test(name);
}

/** Runs of three or more indexes are written as the first and the last. */
export function encodePlan({ by, own, give }: PlanValue): Buffer {
  const runs: (number | [number, number])[] = [];
  for (let at = 0; at < own.length; ) {
    const first = own[at] ?? 0;
    let last = at;
    while (own[last + 1] === first + (last + 1 - at)) last += 1;
    if (last - at >= 2) runs.push([first, own[last] ?? 0]);
    else runs.push(...own.slice(at, last + 1));
    at = last + 1;
  }
  return Buffer.from(JSON.stringify({ v: 1, by, own: runs, give: Object.fromEntries(give) }));
}

/** Undefined when it is no plan. Indexes that are not below `count` are left out. */
export function parsePlan(bytes: Buffer, count: number): PlanValue | undefined {
  const value = parse(bytes);
  if (value === undefined || !Array.isArray(value['own'])) return undefined;
  const own = new Set<number>();
  for (const entry of value['own'] as readonly unknown[]) {
    const [first, last] = Array.isArray(entry) ? (entry as readonly unknown[]) : [entry, entry];
    if (!Number.isInteger(first) || !Number.isInteger(last)) return undefined;
    const end = Math.min(last as number, count - 1);
    for (let index = Math.max(0, first as number); index <= end; index++) own.add(index);
  }
  const give = new Map<number, string>();
  const given: unknown = value['give'] ?? {};
  if (typeof given !== 'object' || given === null) return undefined;
  for (const [index, lease] of Object.entries(given)) {
    if (typeof lease === 'string' && LEASE.test(lease)) give.set(Number(index), lease);
  }
  return { by: String(value['by'] ?? ''), own: [...own].sort((a, b) => a - b), give };
}

export function parseControl(bytes: Buffer | undefined): ControlValue {
  const value = bytes && parse(bytes);
  if (value === undefined) return NO_CONTROL;
  const drained: unknown = value['drained'];
  const ids = Array.isArray(drained) ? drained.filter((id): id is string => typeof id === 'string') : [];
  return { isPaused: value['paused'] === true, drained: new Set(ids) };
}

/** A list of names; undefined when it is none. */
export function parseList(bytes: Buffer): readonly string[] | undefined {
  try {
    const names: unknown = JSON.parse(bytes.toString('utf8'));
    if (!Array.isArray(names) || names.length > MOST_PARTITIONS) return undefined;
    return names.every((name) => typeof name === 'string' && name !== '') ? names : undefined;
  } catch {
    return undefined;
  }
}

/** An object of version 1. */
function parse(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && (value as { v?: unknown }).v === 1 ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON: as good as no value
  }
}
