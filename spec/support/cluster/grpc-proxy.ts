import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../wait.js';
import type { Cluster } from './cluster.js';
import { findEtcd } from './etcd-server.js';
import { get } from './http.js';
import { freePorts } from './ports.js';

const STARTS_WITHIN = 20_000;

/** etcd's own gateway, `etcd grpc-proxy`, before a cluster of ours. It goes with the cluster at the latest. */
export class GrpcProxy {
  readonly host: string;
  readonly #process: ChildProcess;
  readonly #log: string;

  private constructor(host: string, process: ChildProcess, log: string) {
    this.host = host;
    this.#process = process;
    this.#log = log;
  }

  /** Resolves when it serves. */
  static async start(cluster: Cluster): Promise<GrpcProxy> {
    const [folder, server] = [cluster.members[0]?.folder, await findEtcd()];
    if (folder === undefined || server?.kind !== 'program') throw new Error('a cluster of our own is needed');
    const [port] = await freePorts(1);
    const name = `proxy-${port}`;
    const log = openSync(join(folder, `${name}.log`), 'a');
    const args = [
      'grpc-proxy',
      'start',
      `--endpoints=${cluster.hosts.map((host) => new URL(host).host).join(',')}`,
      `--listen-addr=127.0.0.1:${port}`,
      `--advertise-client-url=127.0.0.1:${port}`, // the proxy of 3.6 ends when it cannot reach itself there
      `--data-dir=${join(folder, name)}`, // what ends the members of a cluster that was left behind ends the proxy too
    ];
    const child = spawn(server.bin, args, { detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => {}); // seen as a proxy that does not serve
    child.unref();
    closeSync(log);
    const proxy = new GrpcProxy(`http://127.0.0.1:${port}`, child, join(folder, `${name}.log`));
    try {
      await until(() => proxy.#serves(), { within: STARTS_WITHIN, what: 'the proxy to serve' });
    } catch (err) {
      await proxy.close();
      throw err;
    }
    return proxy;
  }

  async #serves(): Promise<boolean> {
    if (this.#process.exitCode !== null) throw new Error(`the proxy ended: ${readFileSync(this.#log, 'utf8')}`);
    return (await get(`${this.host}/health`)).includes('"health":"true"');
  }

  async close(): Promise<void> {
    if (this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.ref();
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
