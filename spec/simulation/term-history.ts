import type { FakeEtcd } from '../support/fake-etcd/fake-etcd.js';
import { Violation } from './violation.js';

/** One schedule in so many has elections that record their terms: the requests for it change what else happens. */
const ONE_IN = 8;

/** How many terms each history keeps: more than a schedule has. */
export const MOST_RECORDED_TERMS = 1_000;

/** Whether the elections of a schedule record their terms. Not drawn, so that other schedules stay as they were. */
export function isRecorded({ seed }: { readonly seed: number }): boolean {
  return seed % ONE_IN === 3;
}

interface Said {
  readonly token: string;
  readonly lease: string;
  readonly why: string | null;
}

/**
 * What `<election>!history` and the keys under it have said. By a reader of the simulation's own, because the library's
 * could be wrong: whole JSON, terms in the order of their tokens, none twice, none lost, no reason lost.
 */
export class TermHistory {
  readonly #name: string;
  readonly #etcd: FakeEtcd;
  #seen = '';
  /** By token and lease: why the term has ended, if somebody has said so. */
  #known = new Map<string, string | null>();
  /** A snapshot may bring back what was there before; then nobody knows what is lost. */
  #hasBegunAnew = false;

  constructor(name: string, etcd: FakeEtcd) {
    this.#name = name;
    this.#etcd = etcd;
  }

  beginAnew(): void {
    this.#hasBegunAnew = true;
  }

  /** Called after every write. */
  look(): void {
    const keys = this.#etcd.keys(`${this.#name}!history`);
    const now = keys.map(({ key, modRevision }) => `${key} ${modRevision}`).join();
    if (now === this.#seen) return;
    this.#seen = now;
    const terms = keys.flatMap(({ key, value }) => this.#read(key, value.toString()));
    const known = new Map<string, string | null>();
    for (const { token, lease, why } of terms) {
      const id = `${token} on lease ${lease}`;
      known.set(id, why ?? known.get(id) ?? null);
    }
    for (const [id, why] of this.#hasBegunAnew ? [] : this.#known) {
      if (!known.has(id)) throw this.#violation(`the term with token ${id} is lost`);
      if (why !== null && known.get(id) !== why) throw this.#violation(`why the term with token ${id} ended is lost`);
    }
    this.#known = known;
  }

  /** Whether the term is in the history. */
  has(token: bigint): boolean {
    return [...this.#known.keys()].some((id) => id.startsWith(`${token} `));
  }

  #read(key: string, text: string): Said[] {
    let terms: readonly Said[];
    try {
      ({ terms } = JSON.parse(text));
    } catch {
      throw this.#violation(`${key} is no JSON: ${text}`);
    }
    const tokens = terms.map(({ token }) => BigInt(token));
    const ids = new Set(terms.map(({ token, lease }) => `${token} on lease ${lease}`));
    // Revisions that etcd has given twice are tokens of two terms.
    const isAfter = (token: bigint, before: bigint): boolean =>
      token > before || (token === before && this.#hasBegunAnew);
    if (ids.size < terms.length || tokens.some((token, at) => at > 0 && !isAfter(token, tokens[at - 1] ?? 0n))) {
      throw this.#violation(`${key} has its terms in disorder, or twice: ${tokens}`);
    }
    return [...terms];
  }

  #violation(what: string): Violation {
    return new Violation('j: history', `${this.#name}: ${what}`);
  }
}
