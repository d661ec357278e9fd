import type {
  ElectionPicture,
  LeaderPicture,
  MemberPicture,
  Moment,
  PartitionPicture,
  Picture,
  PoolPicture,
  QueuedPicture,
  TermPicture,
} from './picture.js';

/** A time as JSON writes it: milliseconds since 1970. `exact: false`: at this time or before. */
export interface MomentJson {
  readonly at: number;
  readonly exact: boolean;
}

/** A part of the picture as JSON writes it: tokens as decimal strings, what is undefined as null. */
type Json<T> = T extends bigint
  ? string
  : T extends undefined
    ? null
    : T extends Moment
      ? MomentJson
      : T extends readonly (infer Item)[]
        ? readonly Json<Item>[]
        : T extends object
          ? { readonly [Key in keyof T]: Json<T[Key]> }
          : T;

export type PictureJson = Json<Picture>;
export type ElectionJson = Json<ElectionPicture>;
export type LeaderJson = Json<LeaderPicture>;
export type QueuedJson = Json<QueuedPicture>;
export type TermJson = Json<TermPicture>;
export type PoolJson = Json<PoolPicture>;
export type MemberJson = Json<MemberPicture>;
export type PartitionJson = Json<PartitionPicture>;

export function toJson({ revision, elections, pools }: Picture): PictureJson {
  return { revision: revision.toString(), elections: elections.map(electionJson), pools: pools.map(poolJson) };
}

export function electionJson({ name, leader, blockedBy, queue, terms }: ElectionPicture): ElectionJson {
  return {
    name,
    leader: leader === undefined ? null : leaderJson(leader),
    blockedBy: blockedBy ?? null,
    queue: queue.map((queued) => ({ ...queued, ...tokenOf(queued), value: queued.value ?? null })),
    terms: terms.map(termJson),
  };
}

export function leaderJson(leader: LeaderPicture): LeaderJson {
  return { ...leader, ...tokenOf(leader), since: momentJson(leader.since) };
}

export function poolJson({ name, members, partitions }: PoolPicture): PoolJson {
  return {
    name,
    members: members.map((member) => ({ ...member })),
    partitions: partitions.map(({ name: partition, owner, fencingToken }) => ({
      name: partition,
      owner: owner ?? null,
      fencingToken: fencingToken?.toString() ?? null,
    })),
  };
}

function termJson(term: TermPicture): TermJson {
  const from = term.from === undefined ? null : momentJson(term.from);
  const until = term.until === undefined ? null : momentJson(term.until);
  return { ...term, ...tokenOf(term), from, until, ended: term.ended ?? null, why: term.why ?? null };
}

function tokenOf({ fencingToken }: { readonly fencingToken: bigint }): { readonly fencingToken: string } {
  return { fencingToken: fencingToken.toString() };
}

function momentJson({ at, isExact }: Moment): MomentJson {
  return { at, exact: isExact };
}
