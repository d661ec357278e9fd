/** What the processes of a chaos run write down: one JSON array a line. Times are microseconds, see clock.ts. */
export type LogRecord =
  /** Declares a set of terms. The samples after this record refer to the set by its number. */
  | readonly ['S', set: number, terms: readonly TermId[]]
  /**
   * Samples in a row that found exactly the terms of `set` current. Each sample is a call of `isLeader()` that began
   * after `before` and ended by `after`. The record has the first and the last sample, their number, and the longest
   * time between two.
   */
  | readonly [
      'R',
      set: number,
      firstBefore: number,
      firstAfter: number,
      lastBefore: number,
      lastAfter: number,
      samples: number,
      longestGap: number,
    ]
  /** An event of an election. `detail`: a code, or for `elected` the lease in hex. */
  | readonly ['E', at: number, election: string, event: ElectionEvent, token: string, detail: string]
  /** A guarded write: committed at `revision`, refused by the fence, or failed with an unknown outcome. */
  | readonly ['W', sentAt: number, answeredAt: number, term: TermId, outcome: WriteOutcome, revision: string]
  /** A term that was found over, and then current again. */
  | readonly ['V', at: number, term: TermId]
  /** A task of a pool begins. The term is that of the election of its partition. */
  | readonly ['T', at: number, term: TermId, what: 'begins']
  /** It has ended. `isHeld`: the partition was let go in order, and the lease was surely there until then. */
  | readonly ['T', at: number, term: TermId, what: 'ends', isHeld: boolean]
  | readonly ['M', at: number, rss: number, heap: number, resources: number]
  /** The process has ended as it should, or this keeps it from ending. */
  | readonly ['L', at: number, left: string]
  /** The process crashed. */
  | readonly ['X', at: number, why: string]
  // ---- written by the nemesis ----
  | readonly ['F', at: number, step: number, kind: string, target: string]
  | readonly ['H', at: number, step: number]
  /** A plan of the pool was forged, in one of the ways of `PlanForger`, for the worker with this lease (in hex). */
  | readonly ['G', at: number, how: string, lease: string]
  /** Something was removed by hand between two instants: a key (by its term), or a lease (in hex) with all its keys. */
  | readonly ['B', before: number, after: number, what: 'key' | 'lease', id: string]
  /**
   * A member went on at this moment. It did not lead raft any more, but by its own counter it ended `count` leases.
   * These leases were there before, and were gone soon after: each in hex, with the moment until which it had to last
   * by what the raft leader knew.
   */
  | readonly [
      'A',
      at: number,
      member: string,
      count: number,
      leases: readonly (readonly [lease: string, due: number])[],
    ]
  /**
   * How many milliseconds the run is meant to last, which kinds of fault it may draw, and which elections there are.
   */
  | readonly ['P', at: number, duration: number, kinds: readonly string[], elections: readonly string[]]
  /** What the elections of a pool's partitions begin with, and the candidates that are its workers. */
  | readonly ['O', at: number, owners: string, workers: readonly string[]]
  /** All faults have ended, and the candidates are told to end. */
  | readonly ['Q', at: number, what: 'healed' | 'ending']
  // ---- read back from etcd ----
  /** A committed guarded write. */
  | readonly ['J', term: TermId, createRevision: string, modRevision: string];

/** A leadership: the name of the election, and the fencing token. */
export type TermId = readonly [election: string, token: string];
export type ElectionEvent = 'elected' | 'unelected' | 'error' | 'suspended' | 'resumed';
export type WriteOutcome = 'committed' | 'refused' | 'unknown';

export function encode(record: LogRecord): string {
  return `${JSON.stringify(record)}\n`;
}

export function decodeRecord(line: string): LogRecord {
  return JSON.parse(line) as LogRecord;
}
