import { ElectionError } from '../../../lib/errors.js';
import type { FakeMember } from './cluster.js';
import type { MessageFault } from './faults.js';
import type { MessageDirection, Network, Path } from './network.js';

/** Where a message arrives: a process that can be paused or dead. */
export interface Recipient {
  /** Hands over what has arrived, as soon as the process can take it. */
  receive(fn: () => void): void;
  readonly dead: boolean;
}

export interface TransportOptions {
  readonly network: Network;
  readonly member: FakeMember;
  readonly path: Path;
  /** Milliseconds added to the latency, each way. */
  readonly lag: () => number;
  readonly process: Recipient;
  /** The stream has ended by itself. The process is told. */
  readonly onBroken: (error: Error) => void;
  /** The stream has ended, in whatever way. What the member does for the stream can end too. */
  readonly onEnded: () => void;
}

/**
 * What a gRPC stream is. Messages keep their order each way. The stream is open, half-open for ever, broken, or closed.
 */
export class Transport {
  readonly member: FakeMember;
  readonly #options: TransportOptions;
  readonly #queues: Record<MessageDirection, (() => void)[]> = { request: [], reply: [] };
  readonly #lastArrival: Record<MessageDirection, number> = { request: 0, reply: 0 };
  readonly #forgetPath: () => void;
  #held: MessageDirection[] = [];
  #ended = false;
  #state: 'open' | 'half-open' | 'broken' | 'closed' = 'open';

  constructor(options: TransportOptions) {
    this.#options = options;
    this.member = options.member;
    this.#forgetPath = options.path.onChange(() => this.#onPathChange());
    options.network.after(this.#latency(), () => {
      if (options.path.refused) this.break(new ElectionError('UNAVAILABLE', 'connection refused'));
    });
  }

  /** As far as the process knows. */
  get open(): boolean {
    return this.#state !== 'closed';
  }

  toServer(fn: () => void, delay = 0): void {
    this.#send('request', fn, delay);
  }

  toClient(fn: () => void, delay = 0): void {
    this.#send('reply', () => this.#options.process.receive(() => this.open && fn()), delay);
  }

  /** From now on the stream is silent, and open as far as anybody can tell. */
  silence(): void {
    if (this.#state === 'open') this.#state = 'half-open';
  }

  /** The stream ends by itself. What is still on its way to the client is lost. */
  break(error: Error): void {
    if (this.#state === 'broken' || this.#state === 'closed') return;
    this.#state = 'broken';
    this.#end();
    this.#options.network.after(this.#latency(), () => {
      this.#options.process.receive(() => {
        if (!this.open) return;
        this.#state = 'closed';
        this.#options.onBroken(error);
      });
    });
  }

  /** The client closes the stream. What it sent before still arrives, and it is told nothing any more. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.#send('request', () => this.#end(), 0);
    else this.#end();
    this.#state = 'closed';
  }

  #latency(): number {
    return this.#options.network.draw(this.#options.network.options.latency) + this.#options.lag();
  }

  #send(direction: MessageDirection, fn: () => void, delay: number): void {
    if (this.#state !== 'open') return;
    if (this.#options.process.dead) this.#end();
    const { network } = this.#options;
    const now = network.now();
    const at = Math.max(this.#lastArrival[direction], now + this.#latency() + delay);
    this.#lastArrival[direction] = at;
    this.#queues[direction].push(fn);
    network.after(at - now, () => this.#arrive(direction));
  }

  /**
   * Lets the first message in the line arrive. Two messages that are due together keep their order, however the clock
   * rounds.
   */
  #arrive(direction: MessageDirection): void {
    const { path } = this.#options;
    if (path.refused) this.#lose();
    else if (path.swallows(direction) || this.#held.includes(direction)) this.#held.push(direction);
    else this.#deliver(direction);
  }

  #deliver(direction: MessageDirection): void {
    const fn = this.#queues[direction].shift();
    if (this.#state === 'open' || (this.#state === 'closed' && direction === 'request')) fn?.();
  }

  #onPathChange(): void {
    const { path, network } = this.#options;
    if (path.refused) this.#lose();
    if (this.#held.length === 0 || path.swallows('request') || path.swallows('reply')) return;
    const held = this.#held;
    this.#held = [];
    if (network.survivesSilence()) for (const direction of held) this.#deliver(direction);
    else this.#lose();
  }

  #lose(): void {
    if (this.#state === 'closed') this.#end();
    else this.break(new ElectionError('UNAVAILABLE', 'connection lost'));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forgetPath();
    this.#held = [];
    this.#options.onEnded();
  }
}

/** Applies a fault to a stream. Returns false when the fault does not keep a message from getting through. */
export function spoil(transport: Transport, fault: MessageFault): boolean {
  if (fault === 'fail') transport.break(new ElectionError('UNAVAILABLE', 'stream broken'));
  else if (fault === 'hang') transport.silence();
  else if (typeof fault === 'object' && 'error' in fault) transport.break(fault.error);
  else return false;
  return true;
}
