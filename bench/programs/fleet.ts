/** Many elections in one process, and what they cost it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { now } from '../clock.js';
import type { Fleet, FleetState } from '../contestants/fleet.js';
import { BareFleet } from '../contestants/fleet-bare.js';
import { OurFleet } from '../contestants/fleet-ours.js';
import { PeerFleet } from '../contestants/fleet-peer.js';
import { LoopLag } from '../loop-lag.js';
import type { Lag } from '../report.js';
import { clientOfCluster } from '../world.js';
import { serve } from './serve.js';

const TTL = 10;
/** Milliseconds to wait until garbage, sockets and timers of the last fleet are gone. */
const SETTLES = 500;

const [who = '', list = ''] = process.argv.slice(2);
const hosts = list.split(',');

function open(): Fleet {
  if (who === 'etcd3') return new PeerFleet(new Etcd3({ hosts }), TTL);
  return who === 'floor' ? new BareFleet(clientOfCluster(hosts)) : new OurFleet(clientOfCluster(hosts), TTL);
}

/** Reads the memory in bytes, after a garbage collection. */
async function memory(): Promise<{ heap: number; rss: number }> {
  await sleep(SETTLES);
  for (let i = 0; i < 3; i++) global.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss };
}

let fleet = open();
let before = { heap: 0, rss: 0 };
let count = 0;

const commands = {
  /** Runs a small fleet first, so that nothing is compiled or connected for the first time in the measured fleet. */
  warmUp: async ({ names }: { readonly names: readonly string[] }): Promise<void> => {
    await fleet.ready();
    await fleet.launch(names, 'leading');
    await fleet.close();
    fleet = open();
    await fleet.ready();
    before = await memory();
  },

  launch: async ({ names, until }: { readonly names: readonly string[]; readonly until: FleetState }) => {
    const lag = new LoopLag();
    count = names.length;
    const begun = now();
    await fleet.launch(names, until);
    return { ms: now() - begun, errors: fleet.errors, lag: lag.end() };
  },

  /** Bytes per election, and of the whole process. */
  memory: async (): Promise<{ heap: number; rss: number; total: number }> => {
    const after = await memory();
    const { rss: total } = after;
    return { heap: (after.heap - before.heap) / count, rss: (total - before.rss) / count, total };
  },

  /** Share of one core that the idle fleet uses. */
  idle: async ({ ms }: { readonly ms: number }): Promise<number> => {
    const used = process.cpuUsage();
    const begun = now();
    await sleep(ms);
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1_000 / (now() - begun);
  },

  takeOver: async (): Promise<{ at: number; errors: number; lag: Lag }> => {
    const lag = new LoopLag();
    await fleet.takeOver();
    return { at: now(), errors: fleet.errors, lag: lag.end() };
  },

  close: async (): Promise<{ at: number; ms: number }> => {
    const at = now();
    await fleet.close();
    return { at, ms: now() - at };
  },
};

export type FleetCommands = typeof commands;

serve(commands);
