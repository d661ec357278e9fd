import type { RecordedTerm } from '../queue/recorded-terms.js';
import type { Moment, TermEnd, TermPicture } from './picture.js';

export interface SeenSoFar {
  /** Oldest first. */
  readonly terms: readonly TermPicture[];
  /** The token of the leader. */
  readonly leader: bigint | undefined;
  /** Milliseconds since 1970: when the queue became empty; undefined: somebody is in the queue. */
  readonly emptySince: number | undefined;
}

/**
 * The terms that a viewer has seen, with those that leaders have recorded: those from before the viewer began, and
 * those in gaps. A time that the viewer has seen counts more than a recorded one, which is by another host's clock.
 */
export function allTerms(seen: SeenSoFar, recorded: readonly RecordedTerm[], most: number): TermPicture[] {
  const records = new Map(recorded.map((record) => [idOf(record), record]));
  const terms = seen.terms.map((term) => {
    const record = records.get(idOf(term));
    records.delete(idOf(term));
    return record === undefined ? term : completed(term, record);
  });
  // The newest first: then the term that follows is there already.
  for (const record of [...records.values()].reverse()) {
    // The leader has the greatest token, unless etcd's history has begun anew. Then the record is of the time before.
    if (seen.leader !== undefined && record.fencingToken >= seen.leader) continue;
    const at = indexFor(record.fencingToken, terms);
    terms.splice(at, 0, pictureOf(record, terms[at]?.from?.at ?? seen.emptySince));
  }
  return terms.slice(-most);
}

/** A term that was seen. Its leader may have recorded times that nobody saw, and why it ended. */
function completed(term: TermPicture, { from, until, why }: RecordedTerm): TermPicture {
  const began = term.from?.isExact ? term.from : exactly(Math.min(from, term.from?.at ?? from));
  if (term.ended === undefined) return { ...term, from: began, isRecorded: true };
  const isTold = until !== undefined && why !== undefined && term.until?.isExact !== true;
  const over = isTold ? exactly(Math.max(began.at, Math.min(until, term.until?.at ?? until))) : term.until;
  const ended = term.ended === 'unknown' ? termEndOf(why) : term.ended;
  return { ...term, from: began, until: over, ended, why, isRecorded: true };
}

/** A term that was not seen. `next`: when it was over for sure, if its leader has not told more. */
function pictureOf(record: RecordedTerm, next: number | undefined): TermPicture {
  const { value, fencingToken, leaseId, from, until, why } = record;
  const times = { from: exactly(from), until: endMoment(record, next) };
  const isExact = why !== undefined && until !== undefined;
  return { value, fencingToken, leaseId, ...times, ended: isExact ? termEndOf(why) : 'unknown', why, isRecorded: true };
}

function endMoment({ from, until, why }: RecordedTerm, next: number | undefined): Moment | undefined {
  if (until !== undefined && why !== undefined) return exactly(Math.max(from, until));
  const latest = Math.min(until ?? Number.POSITIVE_INFINITY, next ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(latest) ? { at: Math.max(from, latest), isExact: false } : undefined;
}

/** Where a term with this token belongs. Tokens grow, but for where etcd's history has begun anew. */
function indexFor(token: bigint, terms: readonly TermPicture[]): number {
  let at = terms.length;
  for (let before = terms[at - 1]; before !== undefined && before.fencingToken > token; before = terms[at - 1]) {
    const after = terms[at];
    if (after !== undefined && before.fencingToken > after.fencingToken) break;
    at--;
  }
  return at;
}

/** What a leader was told, in the words of what keys show. */
function termEndOf(why: string | undefined): TermEnd {
  if (why === 'LEASE_EXPIRED' || why === 'LEASE_LOST') return 'lease ended';
  return why === 'STOPPED' || why === 'STEPPED_DOWN' || why === 'UNHEALTHY' ? 'released' : 'unknown';
}

function exactly(at: number): Moment {
  return { at, isExact: true };
}

function idOf({ fencingToken, leaseId }: Pick<TermPicture, 'fencingToken' | 'leaseId'>): string {
  return `${fencingToken}.${leaseId}`;
}
