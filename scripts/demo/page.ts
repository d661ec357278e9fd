import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** The page of `etcd-leader serve`, on the demo's cluster. It ends with the demo. */
export class Page {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(url: string, child: ChildProcess, ended: Promise<unknown>) {
    this.url = url;
    this.#process = child;
    this.#ended = ended;
  }

  /** Resolves when it listens, at a port that is free. */
  static async serve(hosts: readonly string[], election: string): Promise<Page> {
    const args = [program, 'serve', election, '--listen', '127.0.0.1:0', '--endpoints', hosts.join(','), '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const first = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => undefined)]);
    if (first === undefined) throw new Error('etcd-leader serve has ended at its start');
    const { listening } = JSON.parse(String(first[0])) as { readonly listening: string };
    return new Page(new URL(`#/elections/${encodeURIComponent(election)}`, listening).href, child, ended);
  }

  /** Ctrl-C may have ended it already: a terminal sends it to both. */
  async close(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
  }
}
