import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { OwnKey, Place, Queue } from '../queue/queue.js';
import { textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';

export interface ProclaimedValueParts {
  readonly queue: Queue;
  /** What to announce, until something else is proclaimed. */
  readonly value: Buffer;
  readonly log: () => Logger;
}

/** Whose key it is, as long as that is in the queue. */
export interface ProclaimedValueHandlers {
  readonly own: OwnKey;
  /** The key says this now. */
  announced(value: Buffer): void;
  /** What somebody else has written still stands there; `restore()` tries again. */
  troubled(error: ElectionError): void;
}

/**
 * What our key says. It is written by one call at a time, since etcd may carry out two that are under way in either order;
 * and written again when somebody has overwritten it, be it an attempt of our own that was given up long ago.
 */
export class ProclaimedValue {
  readonly #queue: Queue;
  readonly #log: () => Logger;
  #value: Buffer;
  #on: ProclaimedValueHandlers | undefined;
  /** Revision of our last write that we know of, and the last that was seen in etcd. */
  #written = 0n;
  #seen = 0n;
  #lastTurn: Promise<void> | undefined;

  constructor({ queue, value, log }: ProclaimedValueParts) {
    this.#queue = queue;
    this.#log = log;
    this.#value = value;
  }

  get value(): Buffer {
    return this.#value;
  }

  /** Our key is in the queue, by a join with this value: what was proclaimed meanwhile, in the place before, it does not say. */
  placed(on: ProclaimedValueHandlers, { modRevision }: KeyValue, value: Buffer): void {
    this.#on = on;
    this.#seen = modRevision;
    this.#written = value.equals(this.#value) ? modRevision : 0n;
  }

  /** The place is lost, or about to be given up: the key is nobody's to write. */
  displaced(): void {
    this.#on = undefined;
  }

  /** @throws ElectionError (rejects) `NOT_CANDIDATE` when the key is gone, `UNAVAILABLE`, `PERMISSION_DENIED` */
  async proclaim(own: OwnKey, value: Buffer): Promise<void> {
    if (!(await this.#write(own, value))) {
      throw new ElectionError('NOT_CANDIDATE', 'our key is gone from the queue: nothing was proclaimed');
    }
    this.#tell(own);
    this.restore(); // we may have got another place meanwhile
  }

  /** Our key as etcd has it; a read leaves the value out. */
  notice({ modRevision, value, lease }: KeyValue): void {
    if (modRevision > this.#seen) {
      this.#seen = modRevision;
      // A repeated attempt has written the same again.
      const isOurs = value.equals(this.#value) && value.length > 0 && lease === this.#on?.own.lease;
      if (isOurs && modRevision > this.#written) this.#written = modRevision;
    }
    this.restore();
  }

  /**
   * Writes our key again if somebody else has written it: without our lease it would outlive us; with another value it
   * would announce what we do not.
   */
  restore(): void {
    const on = this.#on;
    if (on === undefined || !this.#isOverwritten) return;
    this.#log().warn({ key: textOf(on.own.key) }, 'somebody wrote our key: writing it again');
    this.#write(on.own, this.#value).then(
      () => this.#tell(on.own),
      (err: ElectionError) => on.troubled(err),
    );
  }

  /** Our key as this read has found it, with the value that the read left out; undefined when that is not known for sure. */
  asOf({ kv, own }: Place): KeyValue | undefined {
    // Written since we joined: by a proclaim() whose answer is on its way or was lost, or by somebody else.
    const isAsJoined = kv.modRevision === own.createRevision;
    return isAsJoined ? { ...kv, value: this.#value } : undefined;
  }

  /** Somebody else has written our key, and nobody is writing it now. */
  get #isOverwritten(): boolean {
    return this.#seen > this.#written && this.#lastTurn === undefined;
  }

  #tell(own: OwnKey): void {
    if (this.#on?.own === own) this.#on.announced(this.#value);
  }

  /** False: the key is gone, and nothing was written. */
  async #write(own: OwnKey, value: Buffer): Promise<boolean> {
    const before = this.#lastTurn;
    const write = async (): Promise<boolean> => {
      await before;
      const revision = await this.#queue.proclaim(own, value);
      if (revision === undefined) return false;
      this.#value = value;
      // In a place that we had lost: that which we have now says something else.
      this.#written = own === this.#on?.own ? revision : 0n;
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
}
