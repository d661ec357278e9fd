import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { get } from '../../spec/support/cluster/http.js';
import { type Case, measured } from '../case.js';
import { cpuOf, memoryOf } from '../proc.js';
import type { Measurement } from '../report.js';
import { difference } from '../requests.js';
import { round, summarize } from '../statistics.js';
import { type Viewed, WrittenElections } from '../viewers/elections.js';
import { CountingStream, Prober } from '../viewers/stream.js';
import { clientOf, uniqueName, type World } from '../world.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const MEGABYTE = 2 ** 20;
const VIEWERS = 3;

const megabytes = (bytes: number | undefined): number => round((bytes ?? Number.NaN) / MEGABYTE);

/** Bytes that one member of etcd has in its database. */
async function stored({ hosts }: World): Promise<number> {
  const page = await get(`${hosts[0]}/metrics`);
  return Number(/^etcd_mvcc_db_total_size_in_bytes (\S+)$/m.exec(page)?.[1]);
}

function start(world: World, ...args: readonly string[]): ChildProcess {
  const env = { ...process.env, ETCDCTL_ENDPOINTS: world.hosts.join(',') };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error('there is no output');
  for await (const line of createInterface(child.stdout)) if (pattern.test(line)) return line;
  throw new Error('the program has ended');
}

/** `serve` with three viewers: their first pictures, nothing happening, and every leader changing at once. */
async function serve(world: World, prefix: string, elections: WrittenElections, terms: string) {
  const before = await world.counter.read();
  const begun = performance.now();
  const child = start(world, 'serve', prefix, '--listen', '127.0.0.1:0');
  try {
    const url = (await firstLine(child, /^listening on /)).replace('listening on ', '');
    child.stdout?.resume();
    const pid = child.pid ?? 0;
    await whole(url);
    const ready = performance.now() - begun;
    const requests = difference(before, await world.counter.read());
    const first = new Prober(`${url}leader/x`);
    const asked = performance.now();
    const viewers = Array.from({ length: VIEWERS }, () => new CountingStream(`${url}api/events?terms=${terms}`));
    const shown = Math.max(...(await Promise.all(viewers.map((viewer) => viewer.quiet(asked))))) - asked;
    const slowestFirst = await first.end();
    const picture = viewers[0]?.bytes ?? 0;
    await sleep(world.amounts.aftermath);
    const memory = memoryOf(pid);
    const idle = await idleOf(world, pid);
    const prober = new Prober(`${url}leader/x`);
    const [cpu, counted] = [cpuOf(pid) ?? Number.NaN, await world.counter.read()];
    const changed = performance.now();
    await elections.change();
    const written = performance.now();
    const heard = Math.max(...(await Promise.all(viewers.map((viewer) => viewer.quiet(changed)))));
    const slowest = await prober.end();
    const told = (viewers[0]?.bytes ?? 0) - picture;
    const figures = {
      'first picture ms': round(ready),
      'a viewer shows ms': round(shown),
      'MB of a picture': megabytes(picture),
      'slowest /leader meanwhile ms': round(slowestFirst),
      'MB of serve': megabytes(memory),
      ...idle,
      'CPU ms of the change': round((cpuOf(pid) ?? Number.NaN) - cpu),
      'MB told to a viewer': megabytes(told),
      'told after the last write ms': round(heard - written),
      'slowest /leader in the change ms': round(slowest),
      'requests of the change': difference(counted, await world.counter.read())['Range'] ?? 0,
      'MB of serve afterwards': megabytes(memoryOf(pid)),
    };
    for (const viewer of viewers) viewer.close();
    return { figures, requests, ready };
  } finally {
    await ended(child);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function whole(url: string): Promise<void> {
  const status = async (): Promise<string> => await get(`${url}healthz`).catch(() => '');
  while (!(await status()).includes('"ok"')) await sleep(20);
}

async function idleOf(world: World, pid: number): Promise<Record<string, number>> {
  const { idle } = world.amounts;
  const [cpu, before] = [cpuOf(pid) ?? Number.NaN, await world.counter.read()];
  await sleep(idle);
  const requests = Object.values(difference(before, await world.counter.read())).reduce((sum, n) => sum + n, 0);
  return {
    'idle cpu %': round((((cpuOf(pid) ?? Number.NaN) - cpu) * 100) / idle),
    'idle requests/s': round((requests * 1_000) / idle),
  };
}

/** `top` where there is no terminal: the same view, and a line for each election. */
async function top(world: World, prefix: string, { elections }: Viewed): Promise<Record<string, number>> {
  const begun = performance.now();
  const child = start(world, 'top', prefix);
  try {
    let lines = 0;
    if (child.stdout !== null) {
      createInterface(child.stdout).on('line', () => lines++);
    }
    while (lines < elections) await sleep(20);
    const ready = performance.now() - begun;
    await sleep(world.amounts.aftermath);
    return { 'top prints all ms': round(ready), 'MB of top': megabytes(memoryOf(child.pid ?? 0)) };
  } finally {
    await ended(child);
  }
}

async function measure(world: World, viewed: Viewed): Promise<Measurement[]> {
  const client = clientOf(world.hosts);
  const prefix = `${uniqueName('viewed')}/`;
  const elections = new WrittenElections(client, prefix, viewed);
  try {
    const before = await stored(world);
    await elections.write();
    const written = { 'MB in etcd': megabytes((await stored(world)) - before) };
    const shown = await top(world, prefix, viewed);
    const { figures, requests, ready } = await serve(world, prefix, elections, 'day');
    const all = { ...written, ...figures, ...shown };
    const time = summarize([round(ready)]);
    return [
      { who: 'etcd-leader', outcome: 'ok', samples: [round(ready)], ...(time && { time }), requests, figures: all },
    ];
  } finally {
    await elections.close();
    client.close();
  }
}

export const viewers: Case = {
  name: 'viewers',
  about: 'many elections with recorded terms, seen by serve with three viewers and by top; only when asked for by name',
  isSpecial: true,
  async run(world) {
    const results = [];
    for (const viewed of world.amounts.viewed) {
      const { elections, terms } = viewed;
      const title = `${elections.toLocaleString('en')} elections with ${terms} recorded terms, three viewers`;
      results.push(await measured(world, `viewers-${elections}-${terms}`, title, () => measure(world, viewed)));
    }
    return results;
  },
};
