import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ProxyConnection } from './connection.js';
import { type Fault, type FaultOptions, Link, NO_FAULT } from './fault.js';

/** The way to one member: a loopback port, and the connections made to it. */
export class Gate extends Link {
  readonly host: string;
  readonly #server: Server;
  readonly #target: URL;
  readonly #connections = new Set<ProxyConnection>();
  /** The fault of connections to come. */
  #fault = NO_FAULT;
  #refusing = false;

  private constructor(server: Server, port: number, target: URL) {
    super();
    this.host = `${target.protocol}//127.0.0.1:${port}`;
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async to(target: string): Promise<Gate> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port to listen on');
    return new Gate(server, address.port, new URL(target));
  }

  get connections(): readonly ProxyConnection[] {
    return [...this.#connections];
  }

  override apply(change: Partial<Fault>, { on = 'all' }: FaultOptions = {}): void {
    if (on !== 'existing') this.#fault = { ...this.#fault, ...change };
    if (on !== 'new') for (const connection of this.#connections) connection.apply(change);
  }

  override cut({ on = 'all' }: FaultOptions = {}): void {
    if (on !== 'existing') this.#refusing = true;
    if (on !== 'new') for (const connection of this.#connections) connection.cut();
  }

  override restore(): void {
    this.#refusing = false;
    this.#fault = NO_FAULT;
    for (const connection of this.#connections) connection.restore();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.cut();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#refusing) {
      // The port stays open, because another program could take it before `restore()`.
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    const connection = new ProxyConnection(socket, this.#target, this.#fault);
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
  }
}
