import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName } from '../../spec/support/unique-name.js';
import { type Case, measured } from '../case.js';
import { Child } from '../child.js';
import { now } from '../clock.js';
import { bareSuccessor, type MeasuredSuccessor, ourSuccessor, peerSuccessor } from '../contestants/crash.js';
import { Witness } from '../contestants/witness.js';
import { LoopLag } from '../loop-lag.js';
import type { LeaderCommands } from '../programs/leader.js';
import type { Measurement } from '../report.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld } from '../world.js';

const TTL = 3;
const PATIENCE = 20_000;
/**
 * Milliseconds that the leader leads before it is killed. Kills are spread over this time, because there is one refresh
 * a second.
 */
const REIGN = 1_000;

interface Death {
  /** Milliseconds from SIGKILL to the deletion of the key. */
  readonly lease: number;
  /** Milliseconds from the deletion of the key to `elected`. */
  readonly takeover: number;
}

/** A leader's process is killed: it can tell nobody. */
async function kill(world: BenchWorld, successor: MeasuredSuccessor, share: number): Promise<Death> {
  const name = uniqueName();
  const leader = new Child<LeaderCommands>('leader', [world.hosts.join(','), `election/${name}`, String(TTL)]);
  try {
    const key = await leader.ask('lead', undefined as never, PATIENCE);
    const witness = await Witness.of(world.hosts, key);
    const { elected, end } = await successor.wait(name, key);
    await sleep(world.amounts.settle + share * REIGN);
    const killedAt = now();
    leader.kill();
    const deletedAt = await witness.deletedAt;
    const death = { lease: deletedAt - killedAt, takeover: (await elected) - deletedAt };
    witness.close();
    await end();
    return death;
  } finally {
    leader.kill();
  }
}

async function measure(world: BenchWorld): Promise<Measurement[]> {
  const { hosts, amounts } = world;
  const successors = [ourSuccessor(hosts), peerSuccessor(hosts), bareSuccessor(hosts)];
  const deaths = successors.map((): Death[] => []);
  const lag = new LoopLag();
  for (let at = 0; at < amounts.crashes; at++) {
    for (const [i, successor] of successors.entries()) {
      deaths[i]?.push(await kill(world, successor, at / amounts.crashes));
    }
  }
  const loopLag = lag.end();
  for (const successor of successors) successor.close();
  return successors.map(({ who }, i): Measurement => {
    const samples = (deaths[i] ?? []).map(({ takeover }) => round(takeover));
    const time = summarize(samples);
    const lease = summarize((deaths[i] ?? []).map((death) => death.lease));
    const figures = lease && { 'SIGKILL to deletion p50 ms': lease.p50, 'max ms': lease.max };
    return { who, outcome: 'ok', samples, lag: loopLag, ...(time && { time }), ...(figures && { figures }) };
  });
}

export const crash: Case = {
  name: 'crash',
  about: `the leader's process is killed; TTL ${TTL} s`,
  run: async (world) => [
    await measured(world, 'crash', 'crash: from the deletion of the key to elected', () => measure(world)),
  ],
};
