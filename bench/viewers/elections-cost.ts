import { uniqueName } from '../../spec/support/unique-name.js';
import { alternate } from '../alternate.js';
import { takeOvers } from '../cases/takeover.js';
import type { WayToLeave } from '../contestants/contender.js';
import { handoverOf } from '../contestants/handover.js';
import type { Measurement } from '../report.js';
import { type BenchWorld, clientOfCluster } from '../world.js';
import { WrittenElections } from './elections.js';
import { ViewerProgram } from './program.js';
import { CountingStream } from './stream.js';

/** Times as many launches as a fleet has: here two are compared that differ by little. */
const LIVES = 2;

/**
 * Runs `measure` while three viewers follow a prefix under which there are so many elections: two `serve`, each with a
 * client that reads all, and a `top`. They are there all the time: what is measured under the prefix, and what is
 * measured beside it, differ by being seen.
 */
async function underThree(
  world: BenchWorld,
  elections: number,
  measure: (prefix: string) => Promise<Measurement[]>,
): Promise<Measurement[]> {
  const client = clientOfCluster(world.hosts);
  const prefix = `${uniqueName('viewed')}/`;
  const written = new WrittenElections(client, prefix, { elections, terms: 0 });
  const programs: ViewerProgram[] = [];
  const streams: CountingStream[] = [];
  try {
    await written.write();
    const start = (...args: readonly string[]): ViewerProgram => {
      const program = new ViewerProgram(world, ...args);
      programs.push(program);
      return program;
    };
    for (let at = 0; at < 2; at++) {
      const url = await start('serve', prefix, '--listen', '127.0.0.1:0').address();
      const stream = new CountingStream(`${url}api/events?terms=day`);
      streams.push(stream);
      await stream.quiet(0);
    }
    await start('top', prefix).printed(elections);
    const told = streams.map(({ bytes }) => bytes);
    const measurements = await measure(prefix);
    if (streams.some(({ bytes }, at) => bytes <= (told[at] ?? 0))) throw new Error('a viewer was told nothing');
    return measurements;
  } finally {
    for (const stream of streams) stream.close();
    for (const program of programs) await program.end();
    await written.close();
    client.close();
  }
}

/** One election hands over, beside `elections` others: seen by three viewers, and seen by nobody. */
export async function measureHandovers(world: BenchWorld, elections: number, how: WayToLeave): Promise<Measurement[]> {
  const { settle } = world.amounts;
  return await underThree(world, elections, async (prefix) => {
    const alone = handoverOf('etcd-leader', world.hosts, settle, how);
    const seen = handoverOf('viewed', world.hosts, settle, how, `${prefix}${uniqueName()}`);
    return await alternate(world, [alone, seen]);
  });
}

/** So many elections change their leaders at once: seen by three viewers, and seen by nobody. */
export async function measureChanges(world: BenchWorld, elections: number): Promise<Measurement[]> {
  return await underThree(world, elections, async (prefix) => {
    const contestants = [
      { who: 'etcd-leader', prefix: '' },
      { who: 'viewed', prefix },
    ] as const;
    const launches = LIVES * world.amounts.launches;
    return await takeOvers({ ...world, amounts: { ...world.amounts, launches } }, elections, true, contestants);
  });
}
