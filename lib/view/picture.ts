/** What a viewer knows of one prefix at one moment. Plain data: `toJson()` makes it JSON, tokens as decimal strings. */
export interface Picture {
  /** The newest revision of etcd that the picture shows. */
  readonly revision: bigint;
  /** In the order of their names. */
  readonly elections: readonly ElectionPicture[];
  /** In the order of their names. */
  readonly pools: readonly PoolPicture[];
}

export interface ElectionPicture {
  readonly name: string;
  /** Undefined: nobody leads. */
  readonly leader: LeaderPicture | undefined;
  /** The key that blocks the queue (no lease, or no candidate's), for people; undefined: nothing does. */
  readonly blockedBy: string | undefined;
  /** Oldest first; the first leads. Values of those that wait are not read: an event may have told one all the same. */
  readonly queue: readonly QueuedPicture[];
  /** Oldest first, at most 100; the last one has no `until` while it leads. */
  readonly terms: readonly TermPicture[];
}

export interface LeaderPicture {
  readonly value: string;
  readonly fencingToken: bigint;
  readonly leaseId: string;
  readonly since: Moment;
}

export interface QueuedPicture {
  readonly leaseId: string;
  readonly fencingToken: bigint;
  /** The candidate is of this library. */
  readonly isOurs: boolean;
  /** Undefined: not read. */
  readonly value: string | undefined;
}

/** A time as the viewer saw it. */
export interface Moment {
  /** Milliseconds since 1970, by the viewer's clock; in a term that is recorded it may be by the leader's clock. */
  readonly at: number;
  /** False: it was so already when the viewer looked, first or after a gap ("at `at` or before"). */
  readonly isExact: boolean;
}

export type TermEnd = 'released' | 'lease ended' | 'handed over' | 'unknown';

export interface TermPicture {
  readonly value: string;
  readonly fencingToken: bigint;
  readonly leaseId: string;
  /** Undefined: nobody has told when. This version always tells a time, if need be one that is not exact. */
  readonly from: Moment | undefined;
  /** Undefined: the term has not ended, or nobody has told when. */
  readonly until: Moment | undefined;
  /** Why the term ended, as far as keys show; undefined while it lasts. */
  readonly ended: TermEnd | undefined;
  /** The code of the error that the leader was told, as the leader has recorded it; undefined: not recorded. */
  readonly why: string | undefined;
  /**
   * True when recorded by `<election>!history`. Times that the viewer has not seen itself are by the leader's clock
   * then.
   */
  readonly isRecorded: boolean;
}

export interface PoolPicture {
  readonly name: string;
  /** In the order of their ids. */
  readonly members: readonly MemberPicture[];
  /** The partitions that some member announces, and those in which somebody stands; 2 before 10. */
  readonly partitions: readonly PartitionPicture[];
}

export interface MemberPicture {
  readonly id: string;
  readonly leaseId: string;
  /** How many partitions it owns. */
  readonly owned: number;
  readonly isCoordinator: boolean;
}

export interface PartitionPicture {
  readonly name: string;
  /** The id of a member; undefined: nobody owns the partition, or the owner is no member: then there is a token. */
  readonly owner: string | undefined;
  readonly fencingToken: bigint | undefined;
}
