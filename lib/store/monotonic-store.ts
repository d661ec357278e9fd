import { type Clock, sleep, soon } from '../common/time.js';
import { History } from './history.js';
import { PassingStore } from './passing-store.js';
import { StaleAnswer, type Store, type Txn, type TxnResult, type WatchHandlers, type WatchStream } from './store.js';

/** Milliseconds before an older answer is asked for again. The client takes a member at random each time. */
const PAUSES = [0, 20, 50, 100];

/** An open watch stream, and its watches. */
interface Stream {
  readonly on: WatchHandlers;
  readonly watches: Set<number>;
}

/**
 * A store that believes no answer older than what this client has seen: it asks again, and at last refuses the answer.
 * All users of a client share it.
 *
 * etcd before 3.4.42, 3.5.28 and 3.6.9 can answer a linearizable read with an older state after a change of its raft
 * leader or a pause of the process (https://github.com/etcd-io/etcd/issues/21375 and 20418). A promotion that believes
 * such an answer waits for a predecessor whose deletion was told already, and nobody leads.
 *
 * When etcd's history has begun anew (see {@link History}), answers carry another number of it, every watch is started
 * again at the new revision, and its followers read.
 */
export class MonotonicStore extends PassingStore {
  readonly #clock: Clock;
  readonly #history: History;
  readonly #streams = new Set<Stream>();

  constructor(store: Store, clock: Clock) {
    super(store);
    this.#clock = clock;
    this.#history = new History(clock);
  }

  /** See {@link History.waitAtLeast}. */
  waitAtLeast(ms: number): void {
    this.#history.waitAtLeast(ms);
  }

  override async txn(txn: Txn): Promise<TxnResult> {
    const seen = this.#history.revision;
    for (const pause of PAUSES) {
      if (pause > 0) await sleep(this.#clock, pause);
      const result = await this.below.txn(txn);
      const verdict = this.#history.judge(result, seen);
      if (verdict === 'new history') this.#renewWatches();
      if (verdict !== 'older') return { ...result, history: this.#history.number };
    }
    const message =
      `etcd answers with an older state than it has told of before (revision ${seen}): trying again. ` +
      'Releases before 3.4.42, 3.5.28 and 3.6.9 can do so; a cluster that was emptied or restored does so for good, ' +
      'and is believed in a moment';
    throw new StaleAnswer('UNAVAILABLE', message);
  }

  override watch(on: WatchHandlers): WatchStream {
    const watches = new Set<number>();
    const known: Stream = { on, watches };
    const stream = this.below.watch({
      created: (id) => on.created(id),
      events: (id, events) => {
        const last = events.at(-1);
        if (last !== undefined) this.#history.saw(last.revision);
        on.events(id, events);
      },
      cancelled: (id, compacted, error) => {
        watches.delete(id);
        on.cancelled(id, compacted, error);
      },
      alive: () => on.alive(),
      closed: (error) => {
        this.#streams.delete(known);
        on.closed(error);
      },
    });
    this.#streams.add(known);
    return {
      create: (id, key, end, from) => {
        watches.add(id);
        // A revision of the history before: a watch from there would wait for ever.
        const isOfOtherHistory = this.#history.hasBegunAnew && from > this.#history.revision + 1n;
        if (isOfOtherHistory) soon(() => this.#renew(known, id));
        else stream.create(id, key, end, from);
      },
      cancel: (id) => {
        watches.delete(id);
        stream.cancel(id);
      },
      ping: () => stream.ping(),
      overdue: () => stream.overdue(),
      close: () => {
        this.#streams.delete(known);
        stream.close();
      },
    };
  }

  #renewWatches(): void {
    for (const stream of [...this.#streams]) {
      for (const id of [...stream.watches]) this.#renew(stream, id);
    }
  }

  /** As after a compaction, the watch goes on from the revision that is told. */
  #renew(stream: Stream, id: number): void {
    if (!this.#streams.has(stream) || !stream.watches.delete(id)) return;
    stream.on.cancelled(id, this.#history.revision + 1n, new Error('the history of etcd has begun anew'));
  }
}
