import { ElectionError } from '../../errors.js';
import {
  type Ask,
  askIn,
  askKeyOf,
  bytesOfAsk,
  controlRangeOf,
  rankPrefixOf,
  takenKeyOf,
} from '../../queue/control-keys.js';
import { FreshRead, type Reader } from '../../queue/fresh-read.js';
import type { OwnKey } from '../../queue/place.js';
import { hexOf } from '../../store/bytes.js';
import { isOutage, type KeyValue, type Op, readOf, type WatchEvent } from '../../store/store.js';
import type { Follower, SharedWatch } from '../../watch/shared-watch.js';
import type { CampaignContext } from '../context.js';
import type { CampaignMoves } from '../moves.js';
import { Preemption } from './preemption.js';

/** Milliseconds before a leader tries again to take an ask, when etcd has not answered. */
const TAKEN_AGAIN_AFTER = 100;

/** What has become of an ask. */
interface Taken {
  readonly isTaken: boolean;
  readonly other?: KeyValue | undefined;
}

/** What a leader does about the control keys, and tells of them. */
type Moves = Pick<CampaignMoves, 'makeWay' | 'failed'>;

/** Candidates that etcd does not let read the control keys: they do not try again with each term. */
const denied = new WeakSet<CampaignContext>();

/**
 * A leader's look at the control keys of its election: it steps down when `<election>!ask` asks for that, and with
 * `preempt` when a better candidate has waited long enough. One watch, from the election of this leader on; nobody but
 * the leader follows these keys.
 *
 * An ask names the token of the leader that is asked. So an ask that comes late, or is written twice, concerns nobody.
 * The leader deletes the ask before it obeys: whoever has withdrawn the ask by then is not obeyed. With the deletion it
 * writes that it has taken an ask, so that it recognises its own deletion when etcd's answer was lost. A leader that is
 * leaving takes asks until its key is gone: whoever asks then waits for the end of the work, as always.
 */
export class Steering implements Follower, Reader<readonly KeyValue[]> {
  /** Somebody has a priority in this election. */
  hasSeenRanks = false;
  readonly #context: CampaignContext;
  readonly #own: OwnKey;
  readonly #moves: Moves;
  readonly #watch: SharedWatch;
  readonly #preemption: Preemption | undefined;
  #reads: FreshRead<readonly KeyValue[]> | undefined;
  #isAnswering = false;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  /** Whether a leader looks at control keys at all. */
  static isWanted(context: CampaignContext): boolean {
    const { steerable, preempt } = context.options;
    return (steerable || preempt !== undefined) && !denied.has(context);
  }

  /** `revision`: that of the read by which we lead. */
  constructor(context: CampaignContext, own: OwnKey, revision: bigint, moves: Moves) {
    this.#context = context;
    this.#own = own;
    this.#moves = moves;
    const { preempt } = context.options;
    const range = { ...controlRangeOf(context.name), isPatient: true, isShared: false };
    this.#watch = context.session.watcher.attach(range, revision + 1n, this);
    if (preempt === undefined) return;
    this.#preemption = new Preemption({
      context,
      own,
      patience: preempt * 1_000,
      makeWay: (better) => moves.makeWay(outranked(better), better.lease),
      refused: (error) => moves.failed(error),
    });
  }

  /** The leader is leaving, for whatever reason: from now on it only takes asks. */
  leaving(): void {
    this.#preemption?.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.leave(this);
    this.#cancelRetry?.();
    this.#reads?.close();
    this.#preemption?.close();
  }

  // ---- from the watch ----

  changed({ key, kv }: WatchEvent): void {
    const { name } = this.#context;
    if (key === askKeyOf(name)) {
      if (kv !== undefined) this.#consider(kv);
    } else if (key.startsWith(rankPrefixOf(name))) {
      this.hasSeenRanks = true;
      this.#preemption?.look();
    }
  }

  reset(): void {
    this.#reads ??= new FreshRead(this.#context.session.clock, this);
    this.#reads.now();
    this.#preemption?.look();
  }

  refused(error: ElectionError): void {
    // After another error the watch is asked for again. A leader with `preempt` needs the watch, and its reads tell the
    // refusal.
    if (error.code !== 'PERMISSION_DENIED' || this.#preemption !== undefined) return;
    denied.add(this.#context);
    this.#watch.leave(this);
    this.#context.log().info({ err: error }, 'the control keys may not be read: nobody can ask this leader');
  }

  // ---- reads ----

  async read(): Promise<readonly KeyValue[]> {
    const { name, session } = this.#context;
    const range = { ...controlRangeOf(name), order: 'oldest', limit: 0 } as const;
    const { ranges } = await session.store.txn({ compare: [], success: [{ type: 'range', range }], failure: [] });
    return ranges[0]?.kvs ?? [];
  }

  found(kvs: readonly KeyValue[]): void {
    const { name } = this.#context;
    if (kvs.some(({ key }) => key.startsWith(rankPrefixOf(name)))) this.hasSeenRanks = true;
    const ask = kvs.find(({ key }) => key === askKeyOf(name));
    if (ask !== undefined) this.#consider(ask);
  }

  readFailed(err: ElectionError): void {
    this.#context.log().debug({ err }, 'control keys not read: trying again');
  }

  // ---- asks ----

  #consider(kv: KeyValue): void {
    if (!this.#context.options.steerable || this.#isAnswering) return;
    const ask = askIn(kv);
    if (ask?.token === this.#own.createRevision && ask.to !== this.#own.lease) void this.#obey(kv, ask);
    else this.#context.log().debug({ ask: kv.value.toString('utf8') }, 'an ask that concerns somebody else');
  }

  /** Never rejects. */
  async #obey(kv: KeyValue, ask: Ask): Promise<void> {
    this.#isAnswering = true;
    const taken = await this.#take(kv);
    if (this.#isClosed) return;
    if (taken === undefined) {
      this.#cancelRetry = this.#context.session.clock.after(TAKEN_AGAIN_AFTER, () => void this.#obey(kv, ask));
      return;
    }
    this.#isAnswering = false;
    const { isTaken, other } = taken;
    if (isTaken) this.#moves.makeWay(asked(kv, ask), ask.to);
    else if (other !== undefined) this.#consider(other);
  }

  /**
   * Deletes the ask. If it was withdrawn, it is not taken; `other`: what somebody else has written instead. Undefined:
   * etcd has not answered. A leader that may not delete the ask obeys it all the same.
   */
  async #take({ key, createRevision, lease }: KeyValue): Promise<Taken | undefined> {
    const { name, session, log } = this.#context;
    const token = this.#own.createRevision;
    const taken = takenKeyOf(name);
    // Without a lease the key would stay for ever.
    const trace: Op[] = lease === 0n ? [] : [{ type: 'put', key: taken, value: bytesOfAsk({ token }), lease }];
    try {
      const { succeeded, ranges } = await session.store.txn({
        compare: [{ key, createRevision }],
        success: [{ type: 'delete', key }, ...trace],
        failure: [readOf(key), readOf(taken)],
      });
      const [other, said] = ranges.map(({ kvs }) => kvs[0]);
      // The ask is gone, and we have taken one: by an attempt whose answer was lost.
      return { isTaken: succeeded || (said !== undefined && askIn(said)?.token === token), other };
    } catch (err) {
      log().debug({ err }, 'the ask is not deleted');
      return isOutage(err) ? undefined : { isTaken: true };
    }
  }
}

function asked({ lease }: KeyValue, { by = `somebody (lease ${hexOf(lease)})` }: Ask): ElectionError {
  return new ElectionError('STEPPED_DOWN', `${by} has asked the leader to step down: queueing again`);
}

function outranked({ lease }: KeyValue): ElectionError {
  const who = `the candidate on lease ${hexOf(lease)}`;
  return new ElectionError('STEPPED_DOWN', `the leader makes way for ${who}, of higher priority: queueing again`);
}
