import { ElectionError } from '../../../lib/errors.js';
import type { Header, WatchEvent } from '../../../lib/store/store.js';
import type { FakeCluster, FakeMember } from './cluster.js';
import type { Change } from './key-space.js';
import type { Network } from './network.js';
import type { Transport } from './transport.js';

/** What the member knows of one watch. */
export interface ServerWatch {
  readonly id: number;
  readonly key: string;
  readonly end: string | undefined;
  /** The next revision that the watch wants. It is used only while the watch is not in step. */
  from: bigint;
  readonly transport: Transport;
  /** Puts a message on the stream. */
  readonly send: (message: () => void) => void;
  /** `cluster`: the id of the cluster that tells them. */
  readonly onEvents: (events: readonly WatchEvent[], cluster: bigint | undefined) => void;
  readonly onCancelled: (compacted: bigint | undefined, error: Error) => void;
}

/** How far a watch is, and what of it is still on its way. */
interface Progress {
  /** The watch has heard everything so far, and hears each change at once. */
  inStep: boolean;
  readonly outbox: (() => void)[];
  lastSent: number;
}

/** The members' side of all watches: which watch hears what, and when. */
export class WatchHub {
  readonly #network: Network;
  readonly #cluster: FakeCluster;
  readonly #watches = new Map<ServerWatch, Progress>();
  /** Watches of single keys, by key, because comparing each change with ten thousand watches would take too long. */
  readonly #byKey = new Map<string, Set<ServerWatch>>();
  readonly #ofRanges = new Set<ServerWatch>();

  constructor(network: Network, cluster: FakeCluster) {
    this.#network = network;
    this.#cluster = cluster;
    cluster.state.onChange((change) => this.#onChange(change));
    cluster.onServing = () => this.#catchUpAll();
    cluster.onLeaderless = (member) => this.#breakStreams(member);
  }

  get header(): Header {
    return this.#cluster.state.header;
  }

  add(watch: ServerWatch): void {
    const { keys } = this.#cluster.state;
    if (!this.#cluster.serves(watch.transport.member)) {
      watch.transport.break(new ElectionError('UNAVAILABLE', 'etcdserver: no leader'));
      return;
    }
    // etcd takes 0 for "from now on".
    if (watch.from === 0n) watch.from = keys.revision + 1n;
    this.#watches.set(watch, { inStep: watch.from > keys.revision, outbox: [], lastSent: 0 });
    this.#indexOf(watch).add(watch);
    if (watch.from > keys.revision) return;
    const { catchUp } = this.#network.options;
    this.#network.after(this.#network.draw(catchUp), () => this.#catchUp(watch));
  }

  remove(watch: ServerWatch): void {
    this.#watches.delete(watch);
    const index = this.#indexOf(watch);
    index.delete(watch);
    if (watch.end === undefined && index.size === 0) this.#byKey.delete(watch.key);
  }

  #indexOf(watch: ServerWatch): Set<ServerWatch> {
    if (watch.end !== undefined) return this.#ofRanges;
    const index = this.#byKey.get(watch.key) ?? new Set();
    this.#byKey.set(watch.key, index);
    return index;
  }

  #onChange(change: Change): void {
    const concerned = new Set<ServerWatch>();
    for (const { key } of change.events) for (const watch of this.#byKey.get(key) ?? []) concerned.add(watch);
    for (const watch of this.#ofRanges) concerned.add(watch);
    for (const watch of concerned) {
      const progress = this.#watches.get(watch);
      if (progress?.inStep !== true || change.revision < watch.from) continue;
      // A member that is cut off does not hear of the change. It catches up when it is back.
      if (!this.#cluster.serves(watch.transport.member)) {
        progress.inStep = false;
        watch.from = change.revision;
      } else this.#send(watch, change.events);
    }
  }

  #catchUpAll(): void {
    for (const watch of [...this.#watches.keys()]) {
      const progress = this.#watches.get(watch);
      if (progress?.inStep === false) this.#catchUp(watch);
    }
  }

  #catchUp(watch: ServerWatch): void {
    const progress = this.#watches.get(watch);
    if (progress === undefined || progress.inStep || !this.#cluster.serves(watch.transport.member)) return;
    const { keys } = this.#cluster.state;
    if (watch.from < keys.compacted) {
      const { compacted } = keys;
      this.#post(watch, progress, () =>
        watch.onCancelled(compacted, new Error('required revision has been compacted')),
      );
      this.remove(watch);
      return;
    }
    progress.inStep = true;
    this.#send(
      watch,
      keys.since(watch.from).flatMap(({ events }) => events),
    );
  }

  #send(watch: ServerWatch, all: readonly WatchEvent[]): void {
    const progress = this.#watches.get(watch);
    const events = all.filter((event) => tells(watch, event));
    const { cluster } = this.#cluster.state.header;
    if (progress !== undefined && events.length > 0) this.#post(watch, progress, () => watch.onEvents(events, cluster));
  }

  /** Messages of one watch keep their order, and each watch has a pace of its own. */
  #post(watch: ServerWatch, progress: Progress, message: () => void): void {
    const now = this.#network.now();
    const at = Math.max(progress.lastSent, now + this.#network.draw(this.#network.options.watchDelay));
    progress.lastSent = at;
    progress.outbox.push(message);
    const post = (): void => {
      const next = progress.outbox.shift();
      if (next !== undefined) watch.send(next);
    };
    if (at <= now) post();
    else this.#network.after(at - now, post);
  }

  #breakStreams(member: FakeMember): void {
    for (const { transport } of [...this.#watches.keys()]) {
      if (transport.member === member) transport.break(new ElectionError('UNAVAILABLE', 'etcdserver: no leader'));
    }
  }
}

function tells({ key, end }: ServerWatch, event: WatchEvent): boolean {
  if (end === undefined) return event.key === key;
  return event.key >= key && (end === '\0' || event.key < end);
}
