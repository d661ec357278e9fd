import { OneAtATime } from '../common/one-at-a-time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { OwnKey, Place } from '../queue/place.js';
import { textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import type { CampaignContext } from './context.js';
import type { CampaignMoves } from './moves.js';

/** Our key in the queue, as far as its value is concerned. */
export interface ValuedKey {
  readonly own: OwnKey;
  /** What the key says, as far as we know. */
  value: Buffer;
}

/**
 * What this candidate announces, now and in its later terms. One call at a time writes it to etcd, since etcd may carry
 * out two calls that are under way in either order. It is written again when somebody else has written our key, be it
 * an attempt of our own that was given up long ago.
 */
export class ProclaimedValue extends OneAtATime {
  readonly #context: CampaignContext;
  readonly #moves: Pick<CampaignMoves, 'failed'>;
  #value: Buffer;
  /** Our key while it is in the queue. */
  #key: ValuedKey | undefined;
  /** The revision of our last write that we know of. */
  #written = 0n;
  /** The last revision of our key that was seen in etcd. */
  #seen = 0n;

  constructor(context: CampaignContext, moves: Pick<CampaignMoves, 'failed'>) {
    super();
    this.#context = context;
    this.#moves = moves;
    this.#value = context.options.value;
  }

  get current(): Buffer {
    return this.#value;
  }

  /**
   * Our key was created with `key.value`. If another value was proclaimed while we were joining, the key does not hold
   * it yet; `restore()` will write it.
   */
  placed(key: ValuedKey, { modRevision }: KeyValue): void {
    this.#key = key;
    this.#seen = modRevision;
    this.#written = key.value.equals(this.#value) ? modRevision : 0n;
  }

  /** The key is lost, or about to be released: nobody writes it any more. */
  displaced(): void {
    this.#key = undefined;
  }

  /**
   * `state`: the candidate's, for the message.
   *
   * @throws ElectionError (rejects) `NOT_CANDIDATE` when our key is not in the queue, or is gone from it;
   *   `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async proclaim(value: Buffer, state: string): Promise<void> {
    const own = this.#key?.own;
    if (own === undefined) {
      throw new ElectionError('NOT_CANDIDATE', `a value can be proclaimed from the queue only; the state is ${state}`);
    }
    if (!(await this.#write(own, value))) {
      throw new ElectionError('NOT_CANDIDATE', 'our key is gone from the queue: nothing was proclaimed');
    }
    this.restore(); // we may have another key by now
  }

  /** Our key as etcd has it. A read leaves the value out. */
  notice({ modRevision, value, lease }: KeyValue): void {
    if (modRevision > this.#seen) {
      this.#seen = modRevision;
      // A repeated attempt has written the same value again.
      const isOurs = value.equals(this.#value) && value.length > 0 && lease === this.#key?.own.lease;
      if (isOurs && modRevision > this.#written) this.#written = modRevision;
    }
    this.restore();
  }

  /**
   * Writes our key again if somebody else has written it. Without our lease the key would outlive us; with another
   * value it would announce what we do not announce.
   */
  restore(): void {
    const key = this.#key;
    if (key === undefined || !this.#isOverwritten) return;
    this.#context.log().warn({ key: textOf(key.own.key) }, 'somebody wrote our key: writing it again');
    this.#write(key.own, this.#value).catch((err) => this.#moves.failed(toElectionError(err)));
  }

  /**
   * Our key at that place, with the value and the lease that the place leaves out; undefined when they are not known.
   */
  asOf({ kv, own }: Place): KeyValue | undefined {
    // The key was written since we joined: by a proclaim() whose answer is late or lost, or by somebody else. Our own
    // write may be confirmed, or on its way, and not be told by the watch yet.
    const isWritten = this.#written > own.createRevision || this.isWriting;
    const isAsJoined = kv.modRevision === own.createRevision && !isWritten;
    return isAsJoined && own === this.#key?.own ? { ...kv, value: this.#key.value, lease: own.lease } : undefined;
  }

  /** Somebody else has written our key, and we are not writing it now. */
  get #isOverwritten(): boolean {
    return this.#seen > this.#written && !this.isWriting;
  }

  /** Resolves to false when the key is gone and nothing was written. */
  #write(own: OwnKey, value: Buffer): Promise<boolean> {
    return this.inTurn(async () => {
      const revision = await this.#context.queue.proclaim(own, value);
      if (revision === undefined) return false;
      this.#value = value;
      const key = this.#key;
      // A key that we had before says `value` now; the key that we have says something else.
      this.#written = own === key?.own ? revision : 0n;
      if (own === key?.own) key.value = value;
      return true;
    });
  }
}
