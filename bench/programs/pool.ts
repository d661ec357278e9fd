/** One worker of a pool, and what it costs its process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from '../../lib/index.js';
import { now } from '../clock.js';
import { LoopLag } from '../loop-lag.js';
import type { Lag } from '../report.js';
import { type Stall, Stalls } from '../stalls.js';
import { clientOfCluster } from '../world.js';
import { serve } from './serve.js';

/** Milliseconds to wait until garbage and timers are gone. */
const SETTLES = 500;

export interface WorkerState {
  readonly owned: number;
  /** Times a partition was gained, and was lost. */
  readonly gained: number;
  readonly lost: number;
  /** When the last one was gained or lost. */
  readonly changedAt: number;
  readonly isMember: boolean;
  readonly isCoordinator: boolean;
  readonly errors: readonly string[];
}

const client = clientOfCluster((process.argv[2] ?? '').split(','));
let pool: Pool | undefined;
let [gained, lost, changedAt] = [0, 0, 0];
const errors: string[] = [];
let [lag, stalls] = [new LoopLag(), new Stalls()];

const commands = {
  /** Connects, so that this is not measured. */
  ready: async (): Promise<void> => {
    await client.get('a key that is not there').string();
  },

  start: (options: {
    readonly name: string;
    readonly member: string;
    readonly partitions: number;
    readonly ttl: number;
    readonly weight: number;
  }) => {
    const { name, ...others } = options;
    pool = new Pool(client, name, others);
    pool.on('gained', () => {
      [gained, changedAt] = [gained + 1, now()];
    });
    pool.on('lost', () => {
      [lost, changedAt] = [lost + 1, now()];
    });
    pool.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
    pool.start();
    return { at: now() };
  },

  state: (): WorkerState => ({
    owned: pool?.owned.size ?? 0,
    gained,
    lost,
    changedAt,
    isMember: pool?.state === 'active',
    isCoordinator: pool?.isCoordinator() ?? false,
    errors,
  }),

  /** How late the event loop was since the last call. */
  loop: (): { readonly lag: Lag; readonly stall: Stall } => {
    const found = { lag: lag.end(), stall: stalls.end() };
    [lag, stalls] = [new LoopLag(), new Stalls()];
    return found;
  },

  /** Bytes, after a garbage collection. */
  memory: async (): Promise<{ readonly heap: number; readonly rss: number }> => {
    await sleep(SETTLES);
    for (let i = 0; i < 3; i++) global.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    return { heap: heapUsed, rss };
  },

  stop: async (): Promise<{ readonly at: number }> => {
    const at = now();
    await pool?.stop();
    return { at };
  },
};

export type PoolCommands = typeof commands;

serve(commands);
