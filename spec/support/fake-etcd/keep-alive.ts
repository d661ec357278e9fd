import type { Header, KeepAliveStream } from '../../../lib/store/store.js';
import type { FakeCluster } from './cluster.js';
import { extraDelay, type MessageFault } from './faults.js';
import { spoil, type Transport } from './transport.js';

export interface KeepAliveOptions {
  readonly id: bigint;
  readonly cluster: FakeCluster;
  readonly transport: Transport;
  readonly onReply: (ttl: number, header: Header) => void;
  /** Called for each refresh. */
  readonly fault: () => MessageFault;
  /** An answer is overdue, so new streams turn elsewhere. */
  readonly onOverdue: () => void;
  readonly onClose: () => void;
}

/**
 * Both ends of one stream of refreshes. The member answers refreshes in their order, and one that waits holds up the
 * rest.
 */
export class FakeKeepAlive implements KeepAliveStream {
  readonly #options: KeepAliveOptions;
  readonly #requests: MessageFault[] = [];
  #cancelRefresh: (() => void) | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  send(): void {
    const { transport } = this.#options;
    if (!transport.open) return;
    const fault = this.#options.fault();
    if (spoil(transport, fault) || fault === 'lose request') return;
    transport.toServer(() => this.#receive(fault), extraDelay(fault, 'arriveLateBy'));
  }

  overdue(): void {
    if (this.#options.transport.open) this.#options.onOverdue();
  }

  close(): void {
    this.#options.onClose();
    this.#options.transport.close();
  }

  /** The stream has ended: the member forgets what it has not answered. */
  end(): void {
    this.#requests.length = 0;
    this.#cancelRefresh?.();
    this.#cancelRefresh = undefined;
  }

  #receive(fault: MessageFault): void {
    this.#requests.push(fault);
    if (this.#requests.length === 1) this.#serve(fault);
  }

  #serve(fault: MessageFault): void {
    const { cluster, transport, id, onReply } = this.#options;
    let answered = false;
    // The header is that of the member, before the raft leader refreshes the lease. A member that lags is behind.
    const { revision, cluster: name } = cluster.state.header;
    const lag = typeof fault === 'object' && 'staleBy' in fault ? BigInt(fault.staleBy) : 0n;
    const header = { revision: revision - lag, cluster: name };
    const cancel = cluster.refresh(
      transport.member,
      id,
      (ttl) => {
        answered = true;
        this.#cancelRefresh = undefined;
        if (fault !== 'lose reply') transport.toClient(() => onReply(ttl, header), extraDelay(fault, 'lateBy'));
        this.#requests.shift();
        const next = this.#requests[0];
        if (next !== undefined) this.#serve(next);
      },
      (error) => transport.break(error),
    );
    if (!answered) this.#cancelRefresh = cancel;
  }
}
