import type { ProxyConnection } from './connection.js';
import { type Fault, type FaultOptions, Link } from './fault.js';
import { Gate } from './gate.js';

/**
 * A TCP proxy in front of etcd's members, one port each, with the faults that networks have. A fault is in force when
 * the call returns, and lasts until `restore()`. `gates` has the same faults for the way to one member, and
 * `connections` for one connection.
 *
 * @example
 * ```ts
 * const proxy = tracked(await TcpProxy.to(cluster.hosts));
 * const client = createClient({ hosts: [...proxy.hosts] });
 * proxy.blackhole();                          // every member, open connections and new ones
 * proxy.gates[0]?.delay(200, { on: 'new' });
 * ```
 */
export class TcpProxy extends Link {
  readonly gates: readonly Gate[];
  readonly hosts: readonly string[];

  private constructor(gates: readonly Gate[]) {
    super();
    this.gates = gates;
    this.hosts = gates.map((gate) => gate.host);
  }

  static async to(targets: readonly (string | { readonly host: string })[]): Promise<TcpProxy> {
    return new TcpProxy(
      await Promise.all(targets.map((target) => Gate.to(typeof target === 'string' ? target : target.host))),
    );
  }

  get connections(): readonly ProxyConnection[] {
    return this.gates.flatMap((gate) => gate.connections);
  }

  override apply(change: Partial<Fault>, options?: FaultOptions): void {
    for (const gate of this.gates) gate.apply(change, options);
  }

  override cut(options?: FaultOptions): void {
    for (const gate of this.gates) gate.cut(options);
  }

  override restore(): void {
    for (const gate of this.gates) gate.restore();
  }

  /**
   * From now on requests on the open connections are carried out and their replies are lost. The returned `cut()` ends
   * these connections, as a broken network does in the end. Later connections go on.
   *
   * @example
   * ```ts
   * const lost = proxy.loseReplies();
   * election.start();
   * await until(() => keyExists(), { what: 'the join to be carried out' });
   * lost.cut();
   * ```
   */
  loseReplies(): { cut(): void } {
    const connections = this.connections;
    for (const connection of connections) connection.apply({ lost: ['replies'] });
    return {
      cut: () => {
        for (const connection of connections) connection.cut();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.gates.map((gate) => gate.close()));
  }
}
