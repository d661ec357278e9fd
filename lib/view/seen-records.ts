import { endedPrefixOf, historyKeyOf } from '../queue/control-keys.js';
import { merged, type RecordedTerm, termsOfKey } from '../queue/recorded-terms.js';
import type { KeyValue } from '../store/store.js';

/** Recorded terms of one election that are kept, and keys with ends that are read. */
export const MOST_RECORDED = 100;

const HISTORY = historyKeyOf('');
const ENDED = endedPrefixOf('');

/** A key that leaders of an election record their terms in. */
export interface RecordKey {
  /** The election's folder, as a byte string. */
  readonly folder: string;
  /** The term whose end has this key of its own, as `<token>.<lease>`; undefined: the key of all terms. */
  readonly end: string | undefined;
}

/** Undefined: the key is no such key. */
export function recordKeyIn(key: string): RecordKey | undefined {
  if (key.endsWith(HISTORY)) return { folder: key.slice(0, -HISTORY.length), end: undefined };
  const at = key.lastIndexOf(ENDED);
  const end = key.slice(at + ENDED.length);
  return at >= 0 && /^\d{1,19}\.[0-9a-f]{1,16}$/.test(end) ? { folder: key.slice(0, at), end } : undefined;
}

/** What the leaders of one election have recorded. Anybody can write the keys: what makes no sense is left out. */
export class SeenRecords {
  #history: readonly RecordedTerm[] = [];
  /** The ends of terms, by `<token>.<lease>`. */
  readonly #ends = new Map<string, RecordedTerm>();
  #terms: readonly RecordedTerm[] | undefined;

  /** Oldest first, at most {@link MOST_RECORDED}. */
  get terms(): readonly RecordedTerm[] {
    this.#terms ??= merged(this.#history, [...this.#ends.values()]).slice(-MOST_RECORDED);
    return this.#terms;
  }

  /** All keys have been read again. */
  replace(kvs: readonly KeyValue[]): void {
    this.#history = [];
    this.#ends.clear();
    this.#terms = undefined;
    for (const kv of kvs) {
      const key = recordKeyIn(kv.key);
      if (key !== undefined) this.set(key, kv);
    }
  }

  /** `kv` undefined: the key has been deleted. */
  set({ end }: RecordKey, kv: KeyValue | undefined): void {
    this.#terms = undefined;
    const terms = kv === undefined ? [] : termsOfKey(kv).slice(-MOST_RECORDED);
    if (end === undefined) {
      this.#history = terms;
      return;
    }
    const term = terms.find(({ fencingToken, leaseId }) => `${fencingToken}.${leaseId}` === end);
    if (term === undefined) this.#ends.delete(end);
    else this.#ends.set(end, term);
    if (this.#ends.size > MOST_RECORDED) this.#dropOldest();
  }

  #dropOldest(): void {
    const [first, ...others] = this.#ends.keys();
    const tokenOf = (end: string): bigint => this.#ends.get(end)?.fencingToken ?? 0n;
    const oldest = others.reduce((a, b) => (tokenOf(b) < tokenOf(a) ? b : a), first ?? '');
    this.#ends.delete(oldest);
  }
}
