import type { ElectionError } from '../../errors.js';
import { FreshRead, type Reader } from '../../queue/fresh-read.js';
import { isBlocking } from '../../queue/keys.js';
import type { OwnKey } from '../../queue/place.js';
import { bestOf, type RankedQueue, rankOf, readRankedQueue, thoseBehind } from '../../queue/ranked-queue.js';
import { isOutage, type KeyValue } from '../../store/store.js';
import type { CampaignContext } from '../context.js';

export interface PreemptionParts {
  readonly context: CampaignContext;
  /** The leader's key. */
  readonly own: OwnKey;
  /** Milliseconds for which a better candidate must have stood in the queue. */
  readonly patience: number;
  readonly makeWay: (better: KeyValue) => void;
  /** etcd refuses the read, so this leader makes way for nobody; it is tried again. */
  readonly refused: (error: ElectionError) => void;
}

/**
 * A leader's look at those that wait: when a candidate of a strictly higher priority has stood in the queue for long
 * enough, the leader makes way for the best of them. The time counts from when the leader has first seen the candidate.
 * The leader never makes way for an equal.
 */
export class Preemption implements Reader<RankedQueue> {
  readonly #parts: PreemptionParts;
  readonly #reads: FreshRead<RankedQueue>;
  /** By create revision: when, on the clock, this leader first saw a better candidate. */
  #since = new Map<bigint, number>();

  constructor(parts: PreemptionParts) {
    this.#parts = parts;
    this.#reads = new FreshRead(parts.context.session.clock, this);
    this.look();
  }

  /** A priority may have changed. */
  look(): void {
    this.#reads.now();
  }

  close(): void {
    this.#reads.close();
  }

  // ---- reads ----

  read(): Promise<RankedQueue> {
    const { name, queue, session } = this.#parts.context;
    return readRankedQueue({ name, queue, store: session.store }, true);
  }

  found(ranked: RankedQueue): void {
    const { context, own, patience, makeWay } = this.#parts;
    const now = context.session.clock.now();
    const ours = context.queue.rank?.rank ?? 0;
    const isBetter = (kv: KeyValue): boolean => !isBlocking(kv) && rankOf(ranked, kv) > ours;
    const better = (thoseBehind(ranked, own) ?? []).filter(isBetter);
    const since = ({ createRevision }: KeyValue): number => this.#since.get(createRevision) ?? now;
    this.#since = new Map(better.map((kv) => [kv.createRevision, since(kv)]));

    const best = bestOf(
      better.filter((kv) => now - since(kv) >= patience),
      ranked,
    );
    if (best !== undefined) return makeWay(best);
    if (better.length > 0) this.#reads.after(Math.min(...better.map(since)) + patience - now);
    // A candidate of priority 0 is better than we are, and no key says that it has come.
    else if (ours < 0) this.#reads.after(patience);
  }

  readFailed(err: ElectionError): void {
    // When etcd does not answer, the refreshes of the lease tell that.
    if (!isOutage(err)) this.#parts.refused(err);
    this.#parts.context.log().debug({ err }, 'priorities not read: trying again');
  }
}
