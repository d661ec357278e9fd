import { connect, type Socket } from 'node:net';
import { type Direction, type Fault, Link, NO_FAULT } from './fault.js';
import { Flow } from './flow.js';

/** One client's connection through a proxy, and the proxy's connection to the member. */
export class ProxyConnection extends Link {
  readonly #client: Socket;
  readonly #target: URL;
  readonly #flows = { requests: new Flow(), replies: new Flow() };
  readonly #listeners: (() => void)[] = [];
  #server: Socket | undefined;
  #fault: Fault;
  #closed = false;

  constructor(client: Socket, target: URL, fault: Fault) {
    super();
    this.#client = client;
    this.#target = target;
    this.#fault = fault;
    this.#flows.requests.from(client);
    this.#flows.replies.to(client);
    client.on('error', () => {}); // followed by `close`
    client.on('close', () => this.#tellOther('requests'));
    this.apply({});
  }

  /** Bytes passed on so far. */
  get forwarded(): Readonly<Record<Direction, number>> {
    return { requests: this.#flows.requests.forwarded, replies: this.#flows.replies.forwarded };
  }

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  override apply(change: Partial<Fault>): void {
    if (this.#closed) return;
    this.#fault = { ...this.#fault, ...change };
    const { held, lost, delay } = this.#fault;
    // Connects only when something may pass, because else a member that is down would show through a silent link.
    if (this.#server === undefined && !held.includes('requests')) this.#connect();
    for (const direction of ['requests', 'replies'] as const) {
      this.#flows[direction].set({ held: held.includes(direction), lossy: lost.includes(direction), delay });
    }
  }

  override cut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flows.requests.stop();
    this.#flows.replies.stop();
    reset(this.#client);
    if (this.#server !== undefined) reset(this.#server);
    for (const listener of this.#listeners) listener();
  }

  override restore(): void {
    if (this.#flows.requests.broken || this.#flows.replies.broken) this.cut();
    else this.apply(NO_FAULT);
  }

  #connect(): void {
    const { hostname: host, port } = this.#target;
    const server = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    server.on('error', () => {}); // followed by `close`
    server.on('close', () => this.#tellOther('replies'));
    this.#server = server;
    this.#flows.requests.to(server);
    this.#flows.replies.from(server);
  }

  /**
   * The side that sends in this direction has closed. The other side hears of it after all that was sent, and never
   * through a silent link.
   */
  #tellOther(direction: Direction): void {
    this.#flows[direction].whenDelivered(() => this.cut());
  }
}

/**
 * Resets the connection. While an end is being sent, Node fails at this with EINVAL and keeps the socket open for ever.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
