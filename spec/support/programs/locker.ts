/**
 * A process whose callers take a lock again and again. It tells its parent of each time that a caller holds the lock,
 * and every few milliseconds it asks `isCurrent()`, as work would. On `stop` all callers give up, and then nothing is
 * left that keeps it running.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type ElectionError, type Leadership, Lock } from '../../../lib/index.js';
import type { LockerOptions, LockerReport } from '../lockers.js';
import { whenOrphaned } from './parent.js';

const SAMPLES_EVERY = 2;

const { hosts, name, ttl, callers, holds, pauseOver } = JSON.parse(process.argv[2] ?? '') as LockerOptions;
const report = (message: LockerReport): void => void process.send?.(message);

const client = createClient({ hosts: [...hosts] });
const lock = new Lock(client, name, { ttl });
const over = new AbortController();
let held: Leadership | undefined;

let sampledAt = Date.now();
const sampler = setInterval(() => {
  const isCurrent = held?.isCurrent() ?? false; // before anything else in this turn
  const gap = Date.now() - sampledAt;
  sampledAt = Date.now();
  if (gap > pauseOver) report({ event: 'woke', isCurrent });
}, SAMPLES_EVERY);

async function hold(leadership: Leadership): Promise<void> {
  held = leadership;
  report({ event: 'held', token: String(leadership.fencingToken), at: performance.timeOrigin + performance.now() });
  await sleep(holds, undefined, { signal: leadership.signal }).catch(() => {});
  held = undefined;
}

async function call(): Promise<void> {
  while (!over.signal.aborted) {
    try {
      await lock.run(hold, { signal: over.signal });
    } catch (err) {
      report({ event: 'lost', code: (err as ElectionError).code });
    }
  }
}

process.on('message', () => over.abort());
whenOrphaned();
process.channel?.unref(); // only the callers keep this process running

await Promise.all(Array.from({ length: callers }, call));
clearInterval(sampler);
client.close();
