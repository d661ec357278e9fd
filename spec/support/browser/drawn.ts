import type { ElectionPicture, Moment, PoolPicture, TermEnd, TermPicture } from '../../../lib/view/picture.js';

/** A term of an election that a spec draws: who led, from and until how many seconds before now. */
export interface DrawnTerm {
  readonly value: string;
  /** Left out: known by revisions only. */
  readonly from?: number;
  readonly until?: number;
  readonly ended?: TermEnd;
  /** It was so already when the viewer began. */
  readonly isInexact?: boolean;
}

const LEASE = '694d9a1b2c3d4e5f';

/** An election with these terms. The last one leads, unless it has ended. Tokens begin at `token`. */
export function drawnElection(name: string, drawn: readonly DrawnTerm[], token = 100, waiting = 0): ElectionPicture {
  const now = Date.now();
  const moment = (ago: number | undefined, isExact = true): Moment | undefined =>
    ago === undefined ? undefined : { at: now - ago * 1_000, isExact };
  const terms = drawn.map(({ value, from, until, ended, isInexact = false }, at): TermPicture => {
    const fencingToken = BigInt(token + at * 7);
    const times = { from: moment(from, !isInexact), until: moment(until) };
    return { value, fencingToken, leaseId: LEASE, ...times, ended, why: undefined, isRecorded: false };
  });
  const last = terms.at(-1);
  const isLed = last?.from !== undefined && last.until === undefined;
  const leader = isLed ? { ...last, since: last.from } : undefined;
  const head = leader === undefined ? [] : [leader];
  const others = Array.from({ length: waiting }, (_, at) => ({
    leaseId: LEASE,
    fencingToken: BigInt(token + 1_000 + at),
    value: undefined,
  }));
  const queue = [...head, ...others].map(({ leaseId, fencingToken, value }) => ({
    leaseId,
    fencingToken,
    value,
    isOurs: true,
  }));
  return { name, leader: leader && plain(leader), blockedBy: undefined, queue, terms };
}

function plain({ value, fencingToken, leaseId, since }: TermPicture & { readonly since: Moment }) {
  return { value, fencingToken, leaseId, since };
}

/** A pool whose partitions its workers share as evenly as they can; every `unowned`th has no owner. */
export function drawnPool(name: string, workers: readonly string[], partitions: number, unowned = 0): PoolPicture {
  const owned = new Map(workers.map((id) => [id, 0]));
  const all = Array.from({ length: partitions }, (_, at) => {
    const owner =
      unowned > 0 && at % unowned === 5 ? undefined : workers[(at * 7 + Math.floor(at / 31)) % workers.length];
    if (owner !== undefined) owned.set(owner, (owned.get(owner) ?? 0) + 1);
    return { name: `p-${at}`, owner, fencingToken: owner === undefined ? undefined : BigInt(2_000 + at) };
  });
  const members = workers.map((id, at) => ({
    id,
    leaseId: LEASE,
    owned: owned.get(id) ?? 0,
    isCoordinator: at === 1,
  }));
  return { name, members, partitions: all };
}
