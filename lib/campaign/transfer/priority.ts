import { OneAtATime } from '../../common/one-at-a-time.js';
import { toElectionError } from '../../errors.js';
import type { News } from '../../queue/leader-observers.js';
import type { OwnKey } from '../../queue/place.js';
import { RankKey } from '../../queue/rank.js';
import type { QueueParts } from '../../queue/ranked-queue.js';
import type { Store } from '../../store/store.js';
import type { CampaignMoves } from '../moves.js';

/**
 * The priority of this candidate, as `setPriority()` changes it. The join writes it with our key; a change in the queue
 * is written by itself, one write at a time, and again when a write has failed.
 *
 * A leader hears of the priorities that are written in its term, and reads them only if it has heard of one. So a
 * candidate that hears of another leader writes its priority again, unless it is 0.
 */
export class Priority extends OneAtATime {
  readonly #store: Store;
  readonly #moves: Pick<CampaignMoves, 'failed'>;
  readonly #key: RankKey;
  /** The token of the last leader that we have heard of. */
  #leader: bigint | undefined;

  constructor(parts: QueueParts, moves: Pick<CampaignMoves, 'failed'>) {
    super();
    const { name, queue, store } = parts;
    this.#store = store;
    this.#moves = moves;
    queue.rank ??= new RankKey(name, 0);
    this.#key = queue.rank;
  }

  /**
   * `own`: our key, if it is in the queue.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`: it is written again later
   */
  async set(rank: number, own: OwnKey | undefined): Promise<void> {
    this.#key.rank = rank;
    if (own !== undefined) await this.#write(own);
  }

  /** An observer has learned who leads while we wait by this key. */
  headSeen({ kv, revision }: News, own: OwnKey): void {
    if (kv === undefined || kv.createRevision === this.#leader) return;
    const isKnown = this.#leader === undefined || revision <= own.createRevision; // the join was in its term
    this.#leader = kv.createRevision;
    if (isKnown || this.#key.rank === 0) return;
    this.#key.forget();
    this.restore(own);
  }

  /** Writes what etcd may not have. */
  restore(own: OwnKey): void {
    if (this.isWriting || this.#key.isRightOn(own.lease)) return;
    this.#write(own).catch((err) => this.#moves.failed(toElectionError(err)));
  }

  #write(own: OwnKey): Promise<void> {
    return this.inTurn(async () => {
      if (!this.#key.isRightOn(own.lease)) await this.#key.write(this.#store, own);
    });
  }
}
