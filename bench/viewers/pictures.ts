import { setTimeout as sleep } from 'node:timers/promises';
import { get } from '../../spec/support/cluster/http.js';
import { uniqueName } from '../../spec/support/unique-name.js';
import { cpuOf, memoryOf } from '../proc.js';
import type { Measurement } from '../report.js';
import { difference } from '../requests.js';
import { round, summarize } from '../statistics.js';
import { type BenchWorld, clientOfCluster } from '../world.js';
import { type SeededElections, WrittenElections } from './elections.js';
import { ViewerProgram } from './program.js';
import { CountingStream, Prober } from './stream.js';

const MEGABYTE = 2 ** 20;
const VIEWERS = 3;

const megabytes = (bytes: number | undefined): number => round((bytes ?? Number.NaN) / MEGABYTE);

/** Bytes that one member of etcd has in its database. */
async function stored({ hosts }: BenchWorld): Promise<number> {
  const page = await get(`${hosts[0]}/metrics`);
  return Number(/^etcd_mvcc_db_total_size_in_bytes (\S+)$/m.exec(page)?.[1]);
}

/** `serve` with three clients: their first pictures, nothing happening, and every leader changing at once. */
async function serve(world: BenchWorld, prefix: string, elections: WrittenElections) {
  const before = await world.counter.read();
  const begun = performance.now();
  const program = new ViewerProgram(world, 'serve', prefix, '--listen', '127.0.0.1:0');
  try {
    const url = await program.address();
    const { pid } = program;
    const ready = performance.now() - begun;
    const requests = difference(before, await world.counter.read());
    const first = new Prober(`${url}leader/x`);
    const asked = performance.now();
    const clients = Array.from({ length: VIEWERS }, () => new CountingStream(`${url}api/events?terms=day`));
    const shown = Math.max(...(await Promise.all(clients.map((client) => client.quiet(asked))))) - asked;
    const slowestFirst = await first.end();
    const picture = clients[0]?.bytes ?? 0;
    await sleep(world.amounts.aftermath);
    const memory = memoryOf(pid);
    const idle = await idleOf(world, pid);
    const prober = new Prober(`${url}leader/x`);
    const [cpu, counted] = [cpuOf(pid) ?? Number.NaN, await world.counter.read()];
    const changed = performance.now();
    await elections.change();
    const written = performance.now();
    const heard = Math.max(...(await Promise.all(clients.map((client) => client.quiet(changed)))));
    const slowest = await prober.end();
    const told = (clients[0]?.bytes ?? 0) - picture;
    const figures = {
      'first picture ms': round(ready),
      'a client shows ms': round(shown),
      'MB of a picture': megabytes(picture),
      'slowest /leader meanwhile ms': round(slowestFirst),
      'MB of serve': megabytes(memory),
      ...idle,
      'CPU ms of the change': round((cpuOf(pid) ?? Number.NaN) - cpu),
      'MB told to a client': megabytes(told),
      'told after the last write ms': round(heard - written),
      'slowest /leader in the change ms': round(slowest),
      'requests of the change': difference(counted, await world.counter.read())['Range'] ?? 0,
      'MB of serve afterwards': megabytes(memoryOf(pid)),
    };
    for (const client of clients) client.close();
    return { figures, requests, ready };
  } finally {
    await program.end();
  }
}

async function idleOf(world: BenchWorld, pid: number): Promise<Record<string, number>> {
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
async function top(world: BenchWorld, prefix: string, { elections }: SeededElections): Promise<Record<string, number>> {
  const begun = performance.now();
  const program = new ViewerProgram(world, 'top', prefix);
  try {
    await program.printed(elections);
    const ready = performance.now() - begun;
    await sleep(world.amounts.aftermath);
    return { 'top prints all ms': round(ready), 'MB of top': megabytes(memoryOf(program.pid)) };
  } finally {
    await program.end();
  }
}

/** What viewers cost themselves, with many elections that nobody else looks at. */
export async function measurePictures(world: BenchWorld, viewed: SeededElections): Promise<Measurement[]> {
  const client = clientOfCluster(world.hosts);
  const prefix = `${uniqueName('viewed')}/`;
  const elections = new WrittenElections(client, prefix, viewed);
  try {
    const before = await stored(world);
    await elections.write();
    const written = { 'MB in etcd': megabytes((await stored(world)) - before) };
    const shown = await top(world, prefix, viewed);
    const { figures, requests, ready } = await serve(world, prefix, elections);
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
