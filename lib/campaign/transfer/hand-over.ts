import { isBlocking, isOurs } from '../../queue/keys.js';
import type { OwnKey } from '../../queue/place.js';
import { bestOf, moveUp, type RankedQueue, readRankedQueue, thoseBehind } from '../../queue/ranked-queue.js';
import type { KeyValue } from '../../store/store.js';
import type { CampaignContext } from '../context.js';

/** How often a transfer is tried while the queue changes under it. */
const ATTEMPTS = 10;
/** Milliseconds for which a read of the priorities is taken for true. */
const FRESH_FOR = 1_000;
/** Milliseconds for which a read is taken for true when no transaction compares what was read with what is there. */
const FRESH_UNCOMPARED = 20;

/** Who shall lead next. */
export interface SuccessorChoice {
  /** The lease of the candidate that is named; undefined: nobody is. */
  readonly to: bigint | undefined;
  /**
   * There may be priorities: if nobody is named, or the named candidate has left, the best of those that wait leads.
   */
  readonly isRanked: boolean;
}

/**
 * Lets the candidate that is named lead next; when nobody is named or that candidate has left, the best of the others.
 * The queue is read while the work winds down. When the work has ended, our key and those between go in one
 * transaction, which moves nobody when one of these keys or the target is gone: then the queue is read again. In every
 * case our key is released afterwards as usual. A transfer that is still under way then changes nothing, since it
 * compares our key.
 */
export class HandOver {
  readonly #context: CampaignContext;
  readonly #own: OwnKey;
  readonly #successor: SuccessorChoice;
  readonly #readAt: number;
  /** The read while the work winds down. */
  #early: Promise<RankedQueue> | undefined;

  constructor(context: CampaignContext, own: OwnKey, successor: SuccessorChoice) {
    this.#context = context;
    this.#own = own;
    this.#successor = successor;
    this.#readAt = context.session.clock.now();
    this.#early = this.#read();
    this.#early.catch(() => {}); // `#takeEarly()` hears of it
  }

  /** Never rejects: without a transfer the next in the queue leads. */
  async carryOut(isOver: () => boolean): Promise<void> {
    const { queue, session, log } = this.#context;
    try {
      for (let attempt = 0; attempt < ATTEMPTS && !isOver(); attempt++) {
        const isLate = this.#age > FRESH_UNCOMPARED;
        const early = await this.#takeEarly();
        const ranked = early ?? (await this.#read());
        const behind = thoseBehind(ranked, this.#own) ?? [];
        const target = this.#targetIn(behind, ranked);
        const between = target === undefined ? [] : behind.slice(0, behind.indexOf(target));
        // With nobody to move, nothing would show that the target has left meanwhile.
        if (early !== undefined && isLate && !between.some(isOurs)) continue;
        if (target === undefined || isOver()) break;
        if (await moveUp({ queue, store: session.store }, this.#own, between, target)) return;
      }
      log().debug({}, 'nothing was transferred: the next in the queue leads');
    } catch (err) {
      log().info({ err }, 'the transfer failed: the next in the queue leads');
    }
  }

  #targetIn(behind: readonly KeyValue[], ranked: RankedQueue): KeyValue | undefined {
    const { to, isRanked } = this.#successor;
    const named = to === undefined ? undefined : behind.find((kv) => kv.lease === to && !isBlocking(kv));
    return named ?? (isRanked ? bestOf(behind, ranked) : undefined);
  }

  /** Milliseconds since the read while the work winds down was sent. */
  get #age(): number {
    return this.#context.session.clock.now() - this.#readAt;
  }

  /** What was read while the work wound down; undefined when it was used before, has failed or is too old. */
  async #takeEarly(): Promise<RankedQueue | undefined> {
    const early = this.#early;
    this.#early = undefined;
    // The transaction compares the candidates that were read, but nothing shows that a better one has come since.
    const isOld = this.#successor.to === undefined && this.#age > FRESH_FOR;
    try {
      return isOld ? undefined : await early;
    } catch (err) {
      this.#context.log().debug({ err }, 'the queue was not read while the work was winding down');
      return undefined;
    }
  }

  #read(): Promise<RankedQueue> {
    const { name, queue, session } = this.#context;
    return readRankedQueue({ name, queue, store: session.store }, this.#successor.isRanked);
  }
}
