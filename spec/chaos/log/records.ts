/** What the processes of a chaos run write down: one JSON array a line. Times are µs, see clock.ts. */
export type LogRecord =
  /** Declares a set of terms; the samples after it refer to it by its number. */
  | readonly ['S', set: number, terms: readonly TermId[]]
  /**
   * Samples in a row that found just the terms of `set` current. Each sample is a call of `isLeader()` that began after
   * `before` and had ended by `after`: the first and the last of them, their number, and the longest time between two.
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
  /** A guarded write: committed at `revision`, refused by the fence, or failed with nobody knowing. */
  | readonly ['W', sentAt: number, answeredAt: number, term: TermId, outcome: WriteOutcome, revision: string]
  /** A term that was not current any more, and then was again. */
  | readonly ['V', at: number, term: TermId]
  | readonly ['M', at: number, rss: number, heap: number, resources: number]
  /** The process has ended as it should, or what keeps it from ending. */
  | readonly ['L', at: number, left: string]
  /** The process broke. */
  | readonly ['X', at: number, why: string]
  // ---- from the nemesis ----
  | readonly ['F', at: number, step: number, kind: string, target: string]
  | readonly ['H', at: number, step: number]
  /** By hand, between two instants, something was removed: a key (its term), or a lease in hex with all its keys. */
  | readonly ['B', before: number, after: number, what: 'key' | 'lease', id: string]
  /** How long the run is meant to be (ms), which kinds of fault it may draw, which elections there are. */
  | readonly ['P', at: number, duration: number, kinds: readonly string[], elections: readonly string[]]
  /** All faults are over; the candidates are told to end. */
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

export function decode(line: string): LogRecord {
  return JSON.parse(line) as LogRecord;
}
