/** What the server sends, as it comes: tokens and revisions are decimal strings, nothing is undefined. */

/** A time in milliseconds since 1970 on the server's clock. `exact: false`: at this time or before. */
export interface MomentJson {
  readonly at: number;
  readonly exact: boolean;
}

export interface TermJson {
  readonly value: string;
  readonly fencingToken: string;
  readonly leaseId: string;
  /** Null: before the server began to look. */
  readonly from: MomentJson | null;
  /** Null: the term goes on, or nobody knows when it ended. */
  readonly until: MomentJson | null;
  readonly ended: string | null;
  /** What the leader was told, as the leader has recorded it. */
  readonly why: string | null;
  readonly isRecorded: boolean;
}

export interface LeaderJson {
  readonly value: string;
  readonly fencingToken: string;
  readonly leaseId: string;
  readonly since: MomentJson;
}

export interface QueuedJson {
  readonly leaseId: string;
  readonly fencingToken: string;
  readonly isOurs: boolean;
  readonly value: string | null;
}

export interface ElectionJson {
  readonly name: string;
  /** Null: nobody leads. */
  readonly leader: LeaderJson | null;
  readonly blockedBy: string | null;
  readonly queue: readonly QueuedJson[];
  /** Oldest first. */
  readonly terms: readonly TermJson[];
}

export interface MemberJson {
  readonly id: string;
  readonly leaseId: string;
  readonly owned: number;
  readonly isCoordinator: boolean;
}

export interface PartitionJson {
  readonly name: string;
  /** The id of a member; null: nobody. */
  readonly owner: string | null;
  readonly fencingToken: string | null;
}

export interface PoolJson {
  readonly name: string;
  readonly members: readonly MemberJson[];
  readonly partitions: readonly PartitionJson[];
}

/** Everything; the first event of a stream. */
export interface PictureJson {
  /** The server's clock, when this was sent. */
  readonly now?: number;
  readonly revision: string;
  readonly elections: readonly ElectionJson[];
  readonly pools: readonly PoolJson[];
}

/** What has changed since the event before. */
export interface ChangedJson extends PictureJson {
  readonly gone: { readonly elections: readonly string[]; readonly pools: readonly string[] };
}

/** etcd does not answer the server, or answers again. */
export interface AnswerJson {
  readonly now?: number;
  readonly message?: string;
  /** When the server noticed. */
  readonly since?: number;
  /** The last time when the picture was known to be true. */
  readonly asOf?: number | null;
}
