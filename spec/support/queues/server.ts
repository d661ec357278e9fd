import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { logFolder } from '../cluster/log-folder.js';
import { createFolder, reap, sweep } from '../cluster/orphans.js';
import { freePorts, reserve } from '../cluster/ports.js';
import { watchOver } from '../cluster/watchdog.js';
import { until } from '../wait.js';

const STARTS_WITHIN = 60_000;
const STOPS_WITHIN = 10_000;

/** A user of the system, for a program that does not run as root. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** @default the user of this process */
  readonly user?: User;
}

/** How to start a server whose data lies in `folder`, on this port of 127.0.0.1. */
export interface Recipe {
  readonly name: string;
  prepare(folder: string, port: number): Promise<Launch>;
  /** Rejects while the server does not answer. */
  ask(port: number): Promise<unknown>;
}

/** A server of one `describe`, with its data in memory where there is enough. Call it as `sharedCluster`. */
export function ownServer(recipe: Recipe): () => QueueServer {
  let server: QueueServer | undefined;
  before(async function () {
    this.timeout(120_000);
    server = await QueueServer.start(recipe);
  });
  after(async function () {
    this.timeout(30_000);
    await server?.stop();
  });
  return () => {
    if (server === undefined)
      throw new Error('the server is there in hooks and specs, not while they are being defined');
    return server;
  };
}

/** A server on this machine. It does not outlive the process that started it, not even one that is killed. */
export class QueueServer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #release: () => void;

  private constructor(port: number, child: ChildProcess, release: () => void) {
    this.port = port;
    this.#process = child;
    this.#release = release;
  }

  /** Resolves when the server answers. */
  static async start({ name, prepare, ask }: Recipe): Promise<QueueServer> {
    sweep();
    const folder = createFolder('cluster');
    const dismiss = watchOver(folder);
    const onExit = (): void => reap(folder);
    process.once('exit', onExit);
    const [port = 0] = await freePorts(1);
    reserve(folder, [port]);
    chmodSync(folder, 0o711); // the server may run as another user
    const { program, args, user } = await prepare(folder, port);
    const file = join(logFolder(folder), `${name}.log`);
    const log = openSync(file, 'a');
    // Detached, because Ctrl-C in the terminal ends the specs, and the specs end the server.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: folder, ...user });
    child.on('error', () => {}); // seen as a server that has ended
    child.unref();
    closeSync(log);
    const server = new QueueServer(port, child, () => {
      rmSync(folder, { recursive: true, force: true });
      dismiss();
      process.removeListener('exit', onExit);
    });
    try {
      const answers = async (): Promise<boolean> => {
        if (server.#isAlive) await ask(port);
        return true;
      };
      await until(answers, { within: STARTS_WITHIN, what: `${name} to answer` });
      if (!server.#isAlive) throw new Error(`${name} ended: ${readFileSync(file, 'utf8')}`);
    } catch (err) {
      await server.stop();
      throw err;
    }
    return server;
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    if (this.#isAlive) {
      this.#process.ref();
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGINT'); // both servers take it as the order to end without waiting for clients
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOPS_WITHIN);
      await gone;
      clearTimeout(timer);
    }
    this.#release();
  }

  get #isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }
}
