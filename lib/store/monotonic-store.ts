import { type Clock, sleep, soon } from '../common/time.js';
import { PassingStore } from './passing-store.js';
import { RevisionHistory } from './revision-history.js';
import {
  type Header,
  type KeepAliveHandlers,
  type KeepAliveStream,
  type LeaseGrant,
  readOf,
  StaleAnswer,
  type Store,
  someKeyOf,
  type Txn,
  type TxnResult,
  type WatchHandlers,
  type WatchStream,
} from './store.js';

/**
 * Milliseconds before each attempt, because an older answer is asked for again. The client takes a member at random.
 */
const PAUSES = [0, 20, 50, 100];

/** An open watch stream, and its watches. */
interface OpenStream {
  readonly on: WatchHandlers;
  readonly watches: Set<number>;
  /** Ends a watch in etcd. */
  readonly cancel: (id: number) => void;
}

/**
 * A store that believes no answer older than what this client has seen: it asks again, and at last refuses the answer.
 * All users of a client share it.
 *
 * etcd before 3.4.42, 3.5.28 and 3.6.9 can answer a linearizable read with an older state after a change of its raft
 * leader or a pause of the process (https://github.com/etcd-io/etcd/issues/21375 and 20418). A promotion that believes
 * such an answer waits for a predecessor whose deletion was told already, and nobody leads.
 *
 * When etcd's history has begun anew (see {@link RevisionHistory}), answers carry another epoch, every watch is started
 * again at the new revision, and its followers read. Until then no event of another cluster is told.
 */
export class MonotonicStore extends PassingStore {
  readonly #clock: Clock;
  readonly #history: RevisionHistory;
  readonly #streams = new Set<OpenStream>();
  /** A key that we may read: etcd has told of it. */
  #someKey: string | undefined;
  /** The read of {@link currentEpoch} that is under way. */
  #reading: Promise<number | undefined> | undefined;

  constructor(store: Store, clock: Clock) {
    super(store);
    this.#clock = clock;
    this.#history = new RevisionHistory(clock);
  }

  /** See {@link RevisionHistory.waitAtLeast}. */
  waitAtLeast(ms: number): void {
    this.#history.waitAtLeast(ms);
  }

  override async txn(txn: Txn): Promise<TxnResult> {
    const seen = this.#history.revision;
    for (const pause of PAUSES) {
      if (pause > 0) await sleep(this.#clock, pause);
      const { doubted } = this.#history;
      const result = await this.below.txn(txn);
      const verdict = this.#history.judge(result, seen, doubted);
      if (verdict === 'new epoch') this.#renewWatches();
      if (verdict === 'older') continue;
      this.#someKey = someKeyOf(txn) ?? this.#someKey;
      return { ...result, epoch: this.#history.epoch };
    }
    const message =
      `etcd answers with an older state than it has told of before (revision ${seen}): trying again. ` +
      'Releases before 3.4.42, 3.5.28 and 3.6.9 can do so; a cluster that was emptied or restored does so for good, ' +
      'and is believed in a moment';
    throw new StaleAnswer('UNAVAILABLE', message);
  }

  override async grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    const seen = this.#history.revision;
    const { ttl: granted, header = { revision: seen } } = await this.below.grant(id, ttl);
    return { ttl: granted, header: this.#dated(header, seen) };
  }

  override keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    // What was seen when the refresh before was sent: a member that lags by some milliseconds has seen that too.
    let seen = this.#history.revision;
    let next = seen;
    const stream = this.below.keepAlive(id, {
      reply: (ttl, header) => on.reply(ttl, header && this.#dated(header, seen)),
      closed: (error) => on.closed(error),
    });
    return {
      send: () => {
        seen = next;
        next = this.#history.revision;
        stream.send();
      },
      overdue: () => stream.overdue(),
      doubt: () => stream.doubt?.(),
      close: () => stream.close(),
    };
  }

  /**
   * Reads the epoch of etcd. Resolves to undefined when etcd answers with an older state than before. Calls that come
   * while a read is under way share that read.
   *
   * @throws ElectionError `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  currentEpoch(): Promise<number | undefined> {
    this.#reading ??= this.#readEpoch().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readEpoch(): Promise<number | undefined> {
    if (this.#someKey === undefined) return this.#history.epoch; // nothing of ours can have come back
    try {
      return (await this.txn({ compare: [], success: [readOf(this.#someKey)], failure: [] })).epoch;
    } catch (err) {
      if (err instanceof StaleAnswer) return undefined;
      throw err;
    }
  }

  override watch(on: WatchHandlers): WatchStream {
    const watches = new Set<number>();
    const known: OpenStream = { on, watches, cancel: (id) => below.cancel(id) };
    const below = this.below.watch({
      created: (id, revision, cluster) => {
        // A watch can begin at this revision, so what is read because of it must not be older.
        if (revision !== undefined && !this.#history.isOfOther(cluster)) this.#history.saw(revision);
        on.created(id, revision);
      },
      events: (id, events, cluster) => {
        // The watch goes on from what was seen, and another cluster has revisions of its own. When that cluster is
        // believed, each watch is started again, and its followers read.
        if (this.#history.isOfOther(cluster)) return;
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
        // A revision of the epoch before: a watch from there would wait for ever.
        const isOfOtherEpoch = this.#history.hasBegunAnew && from > this.#history.revision + 1n;
        if (isOfOtherEpoch) soon(() => this.#renew(known, id));
        else below.create(id, key, end, from);
      },
      cancel: (id) => {
        watches.delete(id);
        below.cancel(id);
      },
      ping: () => below.ping(),
      overdue: () => below.overdue(),
      close: () => {
        this.#streams.delete(known);
        below.close();
      },
    };
  }

  /**
   * Says to which epoch the answer to a grant or a refresh belongs. `seen`: the newest revision that was seen before
   * the request was sent. A session that makes no other requests learns by these answers how far etcd has come.
   */
  #dated(header: Header, seen: bigint): Header {
    if (this.#history.isOlder(header, seen)) return { ...header, epoch: undefined };
    this.#history.saw(header.revision);
    return { ...header, epoch: this.#history.epoch };
  }

  #renewWatches(): void {
    for (const stream of [...this.#streams]) {
      for (const id of [...stream.watches]) {
        stream.cancel(id);
        this.#renew(stream, id);
      }
    }
  }

  /** The watch is not in etcd any more. As after a compaction, it goes on from the revision that is told. */
  #renew(stream: OpenStream, id: number): void {
    if (!this.#streams.has(stream) || !stream.watches.delete(id)) return;
    stream.on.cancelled(id, this.#history.revision + 1n, new Error('the history of etcd has begun anew'));
  }
}
