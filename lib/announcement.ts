import type { Candidacy, OwnKey } from './candidacy.js';
import type { KeyValue } from './store.js';

/**
 * What our key says. It is written by one call at a time, since etcd may carry out two that are under way in either order;
 * and written again when somebody has overwritten it, be it an attempt of our own that was given up long ago.
 */
export class Announcement {
  readonly #candidacy: Candidacy;
  #value: Buffer;
  #own: OwnKey | undefined;
  /** Revision of our last write that we know of, and the last that was seen in etcd. */
  #written = 0n;
  #seen = 0n;
  #lastTurn: Promise<void> | undefined;

  constructor(candidacy: Candidacy, value: Buffer) {
    this.#candidacy = candidacy;
    this.#value = value;
  }

  get value(): Buffer {
    return this.#value;
  }

  /** Our key is in the queue, by a join with this value: what was proclaimed meanwhile, in the place before, it does not say. */
  placed(own: OwnKey, { modRevision }: KeyValue, value: Buffer): void {
    this.#own = own;
    this.#seen = modRevision;
    this.#written = value.equals(this.#value) ? modRevision : 0n;
  }

  /** False: the key is gone, and nothing was written. */
  async proclaim(own: OwnKey, value: Buffer): Promise<boolean> {
    const before = this.#lastTurn;
    const write = async (): Promise<boolean> => {
      await before;
      const revision = await this.#candidacy.proclaim(own, value);
      if (revision === undefined) return false;
      this.#value = value;
      // In a place that we had lost: that which we have now says something else.
      this.#written = own === this.#own ? revision : 0n;
      return true;
    };
    const written = write();
    const turn = written.then(
      () => {},
      () => {},
    );
    this.#lastTurn = turn;
    try {
      return await written;
    } finally {
      if (this.#lastTurn === turn) this.#lastTurn = undefined;
    }
  }

  /** Our key as etcd has it; a read leaves the value out. */
  notice({ modRevision, value, lease }: KeyValue, own: OwnKey): void {
    if (modRevision <= this.#seen) return;
    this.#seen = modRevision;
    // A repeated attempt has written the same again.
    if (value.equals(this.#value) && value.length > 0 && lease === own.lease && modRevision > this.#written) {
      this.#written = modRevision;
    }
  }

  /** Somebody else has written our key, and nobody is writing it now. */
  get isOverwritten(): boolean {
    return this.#seen > this.#written && this.#lastTurn === undefined;
  }
}
