import type { Etcd3 } from 'etcd3';
import { createClient } from '../lib/index.js';
import { Cluster } from '../spec/support/cluster/cluster.js';
import { RequestCounter } from './requests.js';
import type { SeededElections } from './viewers/elections.js';

/** One pool that is measured. */
export interface PoolAmounts {
  readonly partitions: number;
  /** Processes. */
  readonly workers: number;
  /** Seconds. */
  readonly ttl: number;
  /** How often it is lived through. Only the first time all processes are restarted. */
  readonly lives: number;
  /** One more process coordinates and owns nothing, so that its event loop shows what planning alone costs. */
  readonly isApart: boolean;
}

/** How much is measured. */
export interface Amounts {
  /** Handovers and starts of each contestant. */
  readonly rounds: number;
  readonly warmUp: number;
  /** Iterations of each contestant around which etcd's requests are counted. */
  readonly counted: number;
  readonly crashes: number;
  /** Milliseconds that a successor has been waiting when a handover is measured. */
  readonly settle: number;
  /** Candidates in one election. */
  readonly crowds: readonly number[];
  readonly changes: number;
  /** Elections on one session. */
  readonly fleets: readonly number[];
  /** How often each fleet is started. */
  readonly launches: number;
  /** Fleets in processes of their own, all at once. */
  readonly many: { readonly processes: number; readonly inEach: number };
  /** Milliseconds that a fleet is measured while it is idle. */
  readonly idle: number;
  /** Milliseconds to wait after a change in a crowd, because observers spread their reads over this time. */
  readonly aftermath: number;
  /** The most elections that etcd3 is asked to hold. */
  readonly peerAtMost: number;
  readonly pools: readonly PoolAmounts[];
  /** What viewers look at. */
  readonly viewed: readonly SeededElections[];
  /** Whether Go's election is built when it is not there yet. */
  readonly buildsGo: boolean;
}

export const FULL: Amounts = {
  rounds: 100,
  warmUp: 20,
  counted: 5,
  crashes: 12,
  settle: 300,
  crowds: [10, 1_000],
  changes: 50,
  fleets: [100, 1_000, 10_000],
  launches: 5,
  many: { processes: 10, inEach: 10_000 },
  idle: 12_000,
  aftermath: 2_500,
  peerAtMost: 10_000,
  pools: [false, true].map((isApart) => ({ partitions: 10_000, workers: 10, ttl: 10, lives: 3, isApart })),
  viewed: [1_000, 10_000].flatMap((elections) => [0, 100].map((terms) => ({ elections, terms }))),
  buildsGo: true,
};

/** Proves that everything works, and measures nothing. */
export const QUICK: Amounts = {
  rounds: 2,
  warmUp: 1,
  counted: 1,
  crashes: 1,
  settle: 50,
  crowds: [4],
  changes: 2,
  fleets: [20],
  launches: 1,
  many: { processes: 2, inEach: 20 },
  idle: 200,
  aftermath: 100,
  peerAtMost: 20,
  pools: [false, true].map((isApart) => ({ partitions: 12, workers: 3, ttl: 3, lives: 1, isApart })),
  viewed: [{ elections: 20, terms: 5 }],
  buildsGo: false,
};

/** What every case is given. */
export interface BenchWorld {
  readonly hosts: readonly string[];
  readonly amounts: Amounts;
  readonly counter: RequestCounter;
  /** Tells people what is going on. */
  readonly say: (text: string) => void;
  /** The folder of etcd's data, if the cluster is ours. */
  readonly folder: string | undefined;
  /** The processes of etcd's members; none if the cluster is not ours. */
  readonly etcd: () => readonly number[];
  close(): Promise<void>;
}

export async function openWorld(amounts: Amounts, say: (text: string) => void): Promise<BenchWorld> {
  const cluster = await Cluster.start();
  const { hosts, members } = cluster;
  const counter = new RequestCounter(hosts);
  const etcd = (): number[] => members.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  return { hosts, amounts, counter, say, folder: members[0]?.folder, etcd, close: () => cluster.stop() };
}

export function clientOfCluster(hosts: readonly string[]): Etcd3 {
  return createClient({ hosts: [...hosts] });
}
