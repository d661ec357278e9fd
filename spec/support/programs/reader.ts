/**
 * What a reader has besides the text of a snippet, loaded before the snippet: an etcd at the address that every page
 * names, and the names that snippets leave open (`PREAMBLE` in spec/support/docs/compiler.ts).
 *
 * The environment variable `READER_PORTS` says where the ports of the pages really are: `2379:23456,9464:23457`. So
 * specs run beside each other, and beside an etcd that somebody has started at 127.0.0.1:2379.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Leadership } from '../../../lib/index.js';

const ports = new Map(
  (process.env['READER_PORTS'] ?? '').split(',').map((pair): [number, number] => {
    const [named, real] = pair.split(':').map(Number);
    return [named ?? 0, real ?? 0];
  }),
);

redirect(Socket.prototype, 'connect');
redirect(Server.prototype, 'listen');

/** Lets a method of Node's take another port than the one that it was given, in whatever form. */
function redirect(prototype: object, name: string): void {
  const original = Reflect.get(prototype, name) as (...args: readonly unknown[]) => unknown;
  Reflect.set(prototype, name, function (this: unknown, ...args: readonly unknown[]): unknown {
    return original.apply(this, args.map(elsewhere));
  });
}

function elsewhere(arg: unknown): unknown {
  if (typeof arg === 'number') return ports.get(arg) ?? arg;
  // Node itself hands a list on, whose first element has the port, and recognises the list by a symbol on it.
  const options: unknown = Array.isArray(arg) ? arg[0] : arg;
  if (typeof options === 'object' && options !== null && 'port' in options) {
    const port = ports.get(Number(options.port));
    if (port !== undefined) options.port = port;
  }
  return arg;
}

/** From the reader's own project: what a snippet imports is the same. */
function library(): typeof import('../../../lib/index.js') {
  return createRequire(join(process.cwd(), 'reader.js'))('etcd-leader') as typeof import('../../../lib/index.js');
}

/** Names that are made when a snippet uses them, as an earlier snippet of a page has made them. */
const MADE = {
  client: () => new (library().Etcd3)({ hosts: ['http://127.0.0.1:2379'] }),
  election: () => new (library().Election)(Reflect.get(globalThis, 'client'), 'jobs/nightly').start(),
};
for (const [name, make] of Object.entries(MADE)) {
  const get = (): unknown => {
    const value = make();
    Object.defineProperty(globalThis, name, { value });
    return value;
  };
  Object.defineProperty(globalThis, name, { configurable: true, get });
}

/** Work that says when it starts and why it ends. */
function startWork(signal: AbortSignal, token?: bigint): void {
  console.log(`work starts, token ${token}`);
  signal.addEventListener('abort', () => console.log(`work ends: ${signal.reason.code}`));
}

/** The same as a task of `run()`. */
async function work({ signal, fencingToken }: Leadership): Promise<void> {
  startWork(signal, fencingToken);
  await once(signal, 'abort');
}

async function makeReport(leadership: Leadership): Promise<string> {
  await work(leadership);
  return 'report';
}

const OWN = { startWork, work, makeReport, shards: ['a', 'b'] };
Object.assign(globalThis, OWN);

// A spec sends the signal only when the snippet listens to it. Until then the process is kept alive, as the rest of an
// application would: not every snippet starts what it makes.
let isHeard = false;
process.on('newListener', (name) => {
  if (name !== 'SIGTERM' || isHeard) return;
  isHeard = true;
  const alive = setInterval(() => {}, 1_000);
  process.once('SIGTERM', () => clearInterval(alive));
  setImmediate(() => console.log('listens to SIGTERM'));
});
