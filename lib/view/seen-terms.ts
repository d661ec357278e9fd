import type { LeaderPicture, Moment, TermEnd, TermPicture } from './picture.js';
import type { SeenKey } from './seen-key.js';

/** Terms of one election that are kept. */
export const MOST_TERMS = 100;

/** A term as the viewer has seen it. */
interface SeenTerm {
  readonly fencingToken: bigint;
  readonly leaseId: string;
  readonly from: Moment | undefined;
  value: string;
  until: Moment | undefined;
  ended: TermEnd | undefined;
}

/** Who led when. Tokens grow, so what is told late or twice is known by its token. */
export class SeenTerms {
  readonly #terms: SeenTerm[] = [];
  /** No term with a lower token begins. */
  #newest = 0n;

  /** Oldest first. A new array for each call: it is shown. */
  get list(): readonly TermPicture[] {
    return this.#terms.map((term) => ({ ...term, why: undefined, isRecorded: false }));
  }

  /** The term that has not ended, as the leader of a picture. */
  get leader(): LeaderPicture | undefined {
    const last = this.#terms.at(-1);
    if (last?.from === undefined || last.ended !== undefined) return undefined;
    const { value, fencingToken, leaseId, from } = last;
    return { value, fencingToken, leaseId, since: from };
  }

  /** When the last term ended; undefined: it lasts, or there was none. */
  get endedAt(): number | undefined {
    return this.#terms.at(-1)?.until?.at;
  }

  /** This key leads at that moment, or nobody does. Returns false when that was known. */
  see(leader: SeenKey | undefined, moment: Moment, why: TermEnd): boolean {
    const last = this.#terms.at(-1);
    const token = leader?.createRevision;
    if (token !== undefined && token < this.#newest) return false;
    const isOpen = last !== undefined && last.ended === undefined;
    if (last !== undefined && token === last.fencingToken) return this.#goOn(last, leader);
    if (isOpen) Object.assign(last, { until: moment, ended: why });
    if (leader === undefined) return isOpen;
    const { leaseId, fencingToken, value = '' } = leader.shown;
    this.#newest = leader.createRevision;
    this.#terms.push({ value, fencingToken, leaseId, from: moment, until: undefined, ended: undefined });
    if (this.#terms.length > MOST_TERMS) this.#terms.shift();
    return true;
  }

  /** The lease lives on, so the key of its last term was deleted by itself. */
  leaseLives(leaseId: string): void {
    const last = this.#terms.findLast((term) => term.leaseId === leaseId);
    if (last?.ended === 'unknown' && last.until?.isExact === true) last.ended = 'released';
  }

  /** The key with this token has not led: it is no candidate's, or stands behind one that was not known. */
  takeBack(token: bigint): void {
    if (this.#terms.at(-1)?.fencingToken !== token) return;
    this.#terms.pop();
    this.#newest = this.#terms.at(-1)?.fencingToken ?? 0n;
  }

  /** etcd's history has begun anew: tokens begin anew too. */
  beginAnew(): void {
    this.#newest = 0n;
  }

  #goOn(last: SeenTerm, leader: SeenKey | undefined): boolean {
    const value = leader?.shown.value ?? last.value;
    const isNews = last.ended !== undefined || last.value !== value;
    Object.assign(last, { value, until: undefined, ended: undefined });
    return isNews;
  }
}
