import type { WatchHandlers, WatchStream } from '../../../lib/store/store.js';
import { extraDelay, type MessageFault, type Request } from './faults.js';
import { spoil, type Transport } from './transport.js';
import type { ServerWatch, WatchHub } from './watch-hub.js';

export interface WatchStreamOptions {
  readonly hub: WatchHub;
  readonly transport: Transport;
  readonly on: WatchHandlers;
  /** Called for each message, each way. */
  readonly fault: (request: Request) => MessageFault;
  /** An answer is overdue, so new streams turn elsewhere. */
  readonly onOverdue: () => void;
  readonly onClose: () => void;
}

/**
 * Both ends of one stream of watches. As on a real stream, an event that was on its way when its watch was cancelled
 * still arrives. Then the server tells that it has cancelled the watch, as if this had been its own idea.
 */
export class FakeWatchStream implements WatchStream {
  readonly #options: WatchStreamOptions;
  /** The watches as the client sees them. */
  readonly #wanted = new Map<number, string>();
  readonly #used = new Set<number>();
  readonly #serving = new Map<number, ServerWatch>();

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  /** The keys (or first keys) of the watches that the client has and has not cancelled. */
  get watches(): readonly string[] {
    return [...this.#wanted.values()];
  }

  create(id: number, key: string, end: string | undefined, fromRevision: bigint): void {
    if (!this.#options.transport.open) return;
    if (id < 1 || this.#used.has(id)) throw new Error(`watch id ${id} cannot be used on this stream`);
    this.#used.add(id);
    this.#wanted.set(id, end?.endsWith('\0') ? `from ${key} to ${end.slice(0, -1)}` : key);
    this.#toServer({ kind: 'watch', what: 'create', key }, () => this.#create(id, { key, end }, fromRevision));
  }

  cancel(id: number): void {
    const key = this.#wanted.get(id);
    if (key === undefined || !this.#options.transport.open) return;
    this.#wanted.delete(id);
    this.#toServer({ kind: 'watch', what: 'cancel', key }, () => {
      this.#forget(id);
      this.#toClient(() => this.#options.on.cancelled(id, undefined, new Error('the watch was cancelled')));
    });
  }

  ping(): void {
    if (!this.#options.transport.open) return;
    this.#toServer({ kind: 'watch', what: 'ping' }, () => this.#toClient(() => {}));
  }

  overdue(): void {
    if (this.#options.transport.open) this.#options.onOverdue();
  }

  close(): void {
    this.#options.onClose();
    this.#options.transport.close();
  }

  /** The stream has ended: the member forgets its watches. */
  end(): void {
    for (const id of [...this.#serving.keys()]) this.#forget(id);
  }

  /** The member ends one watch for a reason of its own. */
  cancelByServer(key: string, error: Error): void {
    for (const [id, watch] of [...this.#serving]) {
      if (watch.key !== key) continue;
      this.#forget(id);
      this.#toClient(() => this.#cancelled(id, undefined, error));
    }
  }

  #create(id: number, range: Pick<ServerWatch, 'key' | 'end'>, from: bigint): void {
    const watch: ServerWatch = {
      id,
      ...range,
      from,
      transport: this.#options.transport,
      send: (message) => this.#toClient(message),
      onEvents: (events, cluster) => this.#options.on.events(id, events, cluster),
      onCancelled: (compacted, error) => this.#cancelled(id, compacted, error),
    };
    this.#serving.set(id, watch);
    const { revision, cluster } = this.#options.hub.header;
    this.#toClient(() => this.#options.on.created(id, revision, cluster));
    this.#options.hub.add(watch);
  }

  #forget(id: number): void {
    const watch = this.#serving.get(id);
    if (watch === undefined) return;
    this.#serving.delete(id);
    this.#options.hub.remove(watch);
  }

  #cancelled(id: number, compacted: bigint | undefined, error: Error): void {
    this.#wanted.delete(id);
    this.#options.on.cancelled(id, compacted, error);
  }

  #alive(tell: () => void): void {
    this.#options.on.alive();
    // The handler that heard of the last message may have closed the stream.
    if (this.#options.transport.open) tell();
  }

  #toServer(request: Request, fn: () => void): void {
    const fault = this.#options.fault(request);
    if (!this.#spoil(fault)) this.#options.transport.toServer(fn, extraDelay(fault, 'arriveLateBy'));
  }

  #toClient(tell: () => void): void {
    const fault = this.#options.fault({ kind: 'watch', what: 'event' });
    if (this.#spoil(fault)) return;
    this.#options.transport.toClient(() => this.#alive(tell), extraDelay(fault, 'lateBy'));
  }

  /**
   * Returns true when the message does not get through. On a stream no message is lost alone: all that follow are lost
   * too.
   */
  #spoil(fault: MessageFault): boolean {
    const { transport } = this.#options;
    return spoil(transport, fault === 'lose request' || fault === 'lose reply' ? 'hang' : fault);
  }
}
