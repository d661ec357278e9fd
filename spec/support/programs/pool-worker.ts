/**
 * One worker of a pool in a process of its own. Every few milliseconds it asks its own `owns()` for each partition, as
 * work would, and tells its parent from when until when the answer was true; and when its tasks begin and end. On
 * `stop` it leaves the pool and closes its client.
 */
import { createClient, Pool } from '../../../lib/index.js';
import type { PoolOrder, PoolReport, PoolWorkerOptions } from '../pool/pool-processes.js';
import { whenOrphaned } from './parent.js';

const SAMPLES_EVERY = 3;
/** Milliseconds from the abort of its signal to the end of a task. */
const WIND_DOWN = 30;

const { hosts, name, ...options } = JSON.parse(process.argv[2] ?? '') as PoolWorkerOptions;
const report = (message: PoolReport): void => void process.send?.(message);

const client = createClient({ hosts: [...hosts] });
const pool = new Pool(client, name, options);
pool.on('gained', ({ partition, fencingToken }) => report({ event: 'gained', partition, token: `${fencingToken}` }));
pool.on('lost', ({ partition }, { code }) => report({ event: 'lost', partition, code }));
pool.on('coordinating', (isCoordinating) => report({ event: 'coordinating', isCoordinating }));
pool.on('error', ({ code, message }) => report({ event: 'error', code, message }));

const running = pool.run(({ partition, signal }) => {
  report({ event: 'begins', partition, at: Date.now() });
  return new Promise((resolve) => {
    const end = (): void => {
      setTimeout(() => {
        report({ event: 'ends', partition, at: Date.now(), code: signal.reason.code });
        resolve();
      }, WIND_DOWN);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
});

/** By partition: when `owns()` was true first and last, in an unbroken row. */
const owning = new Map<string, { readonly from: number; to: number }>();
const partitions = Array.from({ length: options.partitions }, (_, n) => `${n}`);
const sampler = setInterval(() => {
  for (const partition of partitions) {
    const owns = pool.owns(partition);
    const at = Date.now();
    const known = owning.get(partition);
    if (owns && known !== undefined) known.to = at;
    else if (owns) owning.set(partition, { from: at, to: at });
    else if (known !== undefined) {
      owning.delete(partition);
      report({ event: 'owned', partition, ...known });
    }
  }
}, SAMPLES_EVERY);

process.on('message', (order: PoolOrder) => {
  if (order !== 'stop') return;
  void pool
    .stop()
    .then(() => running)
    .then(() => {
      clearInterval(sampler);
      client.close();
      report({ event: 'stopped' });
    });
});
whenOrphaned();
process.channel?.unref(); // only the pool keeps this process running
