import type { Leadership } from '../../lib/leadership.js';
import type { StoredKey } from '../support/fake-etcd/key-space.js';
import type { SimulatedProcess } from './process.js';
import type { TermHistory } from './term-history.js';

/** What tells one candidacy from all others: revisions come again when etcd's history begins anew. */
export function candidacyId({ key, createRevision }: Pick<StoredKey, 'key' | 'createRevision'>): string {
  return `${key} @ ${createRevision}`;
}

/** Who is said to lead. */
export interface Claim {
  readonly key: string;
  readonly fencingToken: bigint;
}

/** Whoever may lead: a candidate, or a holder of a lock. */
export interface Claimant {
  readonly name: string;
  readonly electionName: string;
  readonly process: SimulatedProcess;
  /** The present term, as it was told. */
  readonly term: Leadership | undefined;
  /** The candidacy that it leads with; empty when there is none. */
  readonly leads: string;
  isLeader(): boolean;
}

/** A leader that an observer was told of: where in the line of leaders. */
export interface Announced {
  readonly at: number;
  readonly token: bigint;
}

/** What etcd and the candidates have shown of one election so far. */
export class Record {
  readonly name: string;
  readonly prefix: string;
  readonly guard: string;
  readonly claimants: Claimant[] = [];
  /** The keys that have been the oldest, in order. A key comes again when a snapshot is restored. */
  readonly heads: string[] = [];
  /** Keys that somebody else than their owner has deleted, and since when. */
  readonly voided = new Map<string, number>();
  /** Those of them that are of a history before. */
  outdated: ReadonlySet<string> = new Set();
  /** Tokens of leaders that somebody has asked to step down. */
  readonly asked = new Set<string>();
  /** Terms in which the candidate was no leader any more, whether it had heard of that or not. */
  readonly over = new Set<Leadership>();
  /** How often etcd's history has begun anew. */
  epoch = 0;
  /** The key that was the oldest when the history before ended. In a snapshot it may not be the oldest. */
  lastHead: string | undefined;
  lastElected = 0n;
  lastLeader: Claimant | undefined;
  lastGuard = 0n;
  /** What its leaders have recorded; undefined: nothing. */
  readonly terms: TermHistory | undefined;

  constructor(name: string, terms: TermHistory | undefined) {
    this.name = name;
    this.terms = terms;
    this.prefix = `${name}/`;
    this.guard = `guard of ${name}`;
  }

  /** The keys that the new history lacks, those that it has, and the token of its last guarded write. */
  beginAnew(lost: readonly StoredKey[], left: readonly StoredKey[], guard: bigint): void {
    this.epoch += 1;
    this.terms?.beginAnew();
    this.lastHead = this.heads.at(-1);
    this.outdated = new Set(lost.map(candidacyId));
    // A snapshot may bring back what was deleted. Who led with it has still lost it.
    const led = new Set(this.claimants.map(({ leads }) => leads));
    for (const id of left.map(candidacyId)) if (!led.has(id)) this.voided.delete(id);
    this.lastElected = 0n;
    this.lastGuard = guard;
  }
}

/** A test of the referee's own, because the library's could be wrong. */
export function isKeyInQueue(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && /^[^/!]+$/.test(key.slice(prefix.length));
}
