import { Queue } from 'bullmq';
import { expect } from 'chai';
import { type Entry, faultsOf } from '../support/queues/history.js';
import { startBoss } from '../support/queues/load-boss.js';
import { openDatabase, POSTGRES } from '../support/queues/postgres.js';
import { openRedis, REDIS } from '../support/queues/redis.js';
import { ownServer } from '../support/queues/server.js';
import {
  HANGING,
  type QueueWorker,
  type QueueWorkerOptions,
  runQueueWorker,
} from '../support/queues/worker-process.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const PARTITIONS = 6;
/** Seconds. The lease of the worker that is killed runs out in the spec; a busy machine must not use up the others'. */
const TTL = 12;
const all = Array.from({ length: PARTITIONS }, (_, number) => `${number}`);

/** The queues of all partitions, as a spec sees them. */
interface Queues {
  readonly kind: QueueWorkerOptions['kind'];
  readonly port: number;
  send(partition: string, job: string): Promise<unknown>;
  history(): Promise<Entry[]>;
}

/**
 * Workers join, one is killed in the middle of a job, one leaves in order, and jobs come all the while. Resolves with
 * the jobs that were sent and with what the workers wrote down.
 */
async function troubled(queues: Queues, hosts: readonly string[]) {
  const { kind, port } = queues;
  const jobs = new Map(all.map((partition) => [partition, [] as string[]]));
  const sendAll = async (batch: string): Promise<void> => {
    for (let number = 0; number < 8; number++) {
      for (const partition of all) {
        jobs.get(partition)?.push(`${batch}${number}`);
        await queues.send(partition, `${batch}${number}`);
      }
    }
  };
  const shared = { kind, port, hosts, pool: uniqueName('queues'), partitions: PARTITIONS, ttl: TTL };
  const start = (member: string, hangs = false): QueueWorker => runQueueWorker({ ...shared, member, hangs });
  const owns = async (count: number, ...workers: readonly QueueWorker[]): Promise<unknown> =>
    until(() => workers.every(({ owned }) => owned.size === count), { what: `${count} partitions for each worker` });

  await sendAll('a');
  const [first, second] = [start('first', true), start('second')];
  await owns(3, first, second);
  await sendAll('b');
  const third = start('third');
  await owns(2, first, second, third); // two partitions have moved while their jobs were done
  const [partition = ''] = first.owned;
  jobs.get(partition)?.push(HANGING);
  await queues.send(partition, HANGING);
  const hangs = async (): Promise<boolean> => (await queues.history()).some(({ job }) => job === HANGING);
  await until(hangs, { what: 'the job that hangs to begin' });
  first.kill();
  await sendAll('c');
  second.askToStop();
  expect(await second.exited()).to.equal(0);
  await sendAll('d');

  const isDone = async (): Promise<boolean> => {
    const ended = (await queues.history()).filter(({ what }) => what === 'end');
    return [...jobs].every(([of, names]) => ended.some((e) => e.partition === of && e.job === names.at(-1)));
  };
  await until(isDone, { within: 60_000, what: 'the last job of each partition to end' });
  third.askToStop();
  expect(await third.exited()).to.equal(0);
  return { jobs, entries: await queues.history(), partition };
}

/** The workers that have begun the job that hangs on the one that is killed. */
function repeated(entries: readonly Entry[]): string[] {
  return entries.filter(({ what, job }) => what === 'begin' && job === HANGING).map(({ worker }) => worker);
}

describe('workers of a pool on the queues of BullMQ', () => {
  const cluster = sharedCluster();
  const server = ownServer(REDIS);

  it('do the jobs of each partition in order, one at a time, and again what a killed worker had in hand', async () => {
    const { port } = server();
    const redis = openRedis(server());
    const producers = new Map(all.map((of) => [of, tracked(new Queue(`orders-${of}`, { connection: { port } }))]));
    const queues: Queues = {
      kind: 'BullMQ',
      port,
      send: async (partition, job) => producers.get(partition)?.add(job, {}),
      history: async () =>
        (await redis.lrange('history', 0, -1)).map((text) => {
          const { token, ...entry } = JSON.parse(text);
          return { ...entry, token: BigInt(token) };
        }),
    };

    const { jobs, entries } = await troubled(queues, cluster().hosts);
    expect(faultsOf(entries, { jobs, killed: 'first' })).to.deep.equal([]);
    expect(repeated(entries)).to.have.length(2);
  });
});

describe('workers of a pool on the queues of pg-boss', () => {
  const cluster = sharedCluster();
  const server = ownServer(POSTGRES);

  it('do the jobs of each partition in order, and what each writes is there once, whoever is killed', async () => {
    const database = openDatabase(server());
    await database.query('CREATE TABLE fence (election text PRIMARY KEY, token bigint NOT NULL)');
    await database.query('CREATE TABLE done (id bigserial, partition text, job text)');
    await database.query(
      'CREATE TABLE history (id bigserial, what text, partition text, job text, worker text, token bigint)',
    );
    const boss = await startBoss(server());
    tracked({ stop: () => boss.stop({ graceful: false }) });
    for (const partition of all) await boss.createQueue(`orders-${partition}`);
    const queues: Queues = {
      kind: 'pg-boss',
      port: server().port,
      send: (partition, job) => boss.send(`orders-${partition}`, { job }),
      history: async () => {
        const { rows } = await database.query('SELECT what, partition, job, worker, token FROM history ORDER BY id');
        return rows.map((row) => ({ ...row, token: BigInt(row.token) }));
      },
    };

    const { jobs, entries } = await troubled(queues, cluster().hosts);
    expect(faultsOf(entries, { jobs, killed: 'first' })).to.deep.equal([]);
    expect(repeated(entries)).to.have.length(2);
    const { rows } = await database.query('SELECT partition, job FROM done ORDER BY id');
    for (const [partition, names] of jobs) {
      const done = rows.filter((row) => row.partition === partition).map(({ job }) => job);
      expect(done, `partition ${partition}`).to.deep.equal(names);
    }
  });
});
