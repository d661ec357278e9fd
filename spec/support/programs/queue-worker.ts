/**
 * A worker of a pool that does the jobs of BullMQ or pg-boss by the recipe of docs/pool-queues.md, in a process of its
 * own. It writes down when each job begins and ends, on the server that has the queues. On `stop` it leaves the pool.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createClient, type Ownership, Pool } from '../../../lib/index.js';
import { workBullQueue } from '../queues/bullmq.js';
import type { Entry } from '../queues/history.js';
import { startBoss } from '../queues/load-boss.js';
import { workBossQueue } from '../queues/pg-boss.js';
import { databaseAddress } from '../queues/postgres.js';
import { HANGING, type QueueOrder, type QueueReport, type QueueWorkerOptions } from '../queues/worker-process.js';
import { whenOrphaned } from './parent.js';

/** Milliseconds that a job takes. */
const JOB_TAKES = 40;

interface Work {
  task(ownership: Ownership): Promise<void>;
  close(): Promise<unknown>;
}

const options = JSON.parse(process.argv[2] ?? '') as QueueWorkerOptions;
const { kind, port, hosts, pool: name, member, hangs, ...poolOptions } = options;

/** Does a job, and tells `log` when it begins and when it ends. */
async function doJob(job: string, ownership: Ownership, log: (entry: Entry) => Promise<unknown>): Promise<void> {
  const { partition, fencingToken: token } = ownership;
  await log({ what: 'begin', partition, job, worker: member, token });
  if (hangs && job === HANGING) await new Promise<never>(() => {});
  await sleep(JOB_TAKES);
  await log({ what: 'end', partition, job, worker: member, token });
}

function bullWork(): Work {
  const connection = { host: '127.0.0.1', port };
  const redis = new Redis(connection);
  const log = ({ token, ...entry }: Entry): Promise<unknown> =>
    redis.rpush('history', JSON.stringify({ ...entry, token: `${token}` }));
  return {
    task: (ownership) => workBullQueue(ownership, connection, (job) => doJob(job.name, ownership, log)),
    close: () => redis.quit(),
  };
}

async function bossWork(): Promise<Work> {
  const boss = await startBoss({ port });
  const database = new pg.Pool({ connectionString: databaseAddress({ port }) });
  const log = ({ what, partition, job, worker, token }: Entry): Promise<unknown> =>
    database.query('INSERT INTO history (what, partition, job, worker, token) VALUES ($1, $2, $3, $4, $5)', [
      what,
      partition,
      job,
      worker,
      `${token}`,
    ]);
  return {
    task: (ownership) =>
      workBossQueue(ownership, boss, database, async (order, client) => {
        const { job } = order as { readonly job: string };
        await client.query('INSERT INTO done (partition, job) VALUES ($1, $2)', [ownership.partition, job]);
        await doJob(job, ownership, log);
      }),
    close: async () => {
      await boss.stop({ graceful: false });
      await database.end();
    },
  };
}

const client = createClient({ hosts: [...hosts] });
const work = kind === 'BullMQ' ? bullWork() : await bossWork();
const pool = new Pool(client, name, { ...poolOptions, member });
const report = (message: QueueReport): void => void process.send?.(message);
pool.on('gained', ({ partition }) => report({ event: 'gained', partition }));
pool.on('lost', ({ partition }) => report({ event: 'lost', partition }));
pool.on('error', ({ code, message }) => console.error(member, code, message));
const running = pool.run((ownership) => work.task(ownership));

process.on('message', (order: QueueOrder) => {
  if (order !== 'stop') return;
  void pool
    .stop()
    .then(() => running)
    .then(() => work.close())
    .then(() => {
      client.close();
      process.disconnect();
    });
});
whenOrphaned();
