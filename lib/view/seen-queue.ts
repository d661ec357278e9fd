import { byAge } from '../queue/keys.js';
import type { SeenKey } from './seen-key.js';

/** The keys of one election in the order of the queue. */
export class SeenQueue {
  /** The keys by name, the oldest first. New keys are the youngest, so the order is that of their arrival. */
  #keys: Map<string, SeenKey>;
  #last: SeenKey | undefined;

  constructor(keys: readonly SeenKey[] = []) {
    const sorted = [...keys].sort(byAge);
    this.#keys = new Map(sorted.map((key) => [key.key, key]));
    this.#last = sorted.at(-1);
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The first of the queue: it leads, unless it blocks. */
  get head(): SeenKey | undefined {
    for (const key of this.#keys.values()) return key;
    return undefined;
  }

  get(key: string): SeenKey | undefined {
    return this.#keys.get(key);
  }

  [Symbol.iterator](): IterableIterator<SeenKey> {
    return this.#keys.values();
  }

  /** Returns false when something newer is known of this key. */
  put(key: SeenKey): boolean {
    const known = this.#keys.get(key.key);
    if (known !== undefined && known.modRevision > key.modRevision) return false;
    const isSame = known?.createRevision === key.createRevision;
    if (known !== undefined && !isSame) this.#keys.delete(key.key);
    const isLast = this.#last === undefined || byAge(this.#last, key) < 0;
    this.#keys.set(key.key, key);
    if (isSame) return true;
    if (isLast) this.#last = key;
    // Only a read that was carried out in pages tells keys out of their order.
    else this.#keys = new Map([...this.#keys.values()].sort(byAge).map((each) => [each.key, each]));
    return true;
  }

  /** Returns what is gone; undefined: the key was not there, or has been written again since. */
  delete(key: string, revision: bigint): SeenKey | undefined {
    const known = this.#keys.get(key);
    if (known === undefined || known.modRevision > revision) return undefined;
    this.#keys.delete(key);
    return known;
  }
}
