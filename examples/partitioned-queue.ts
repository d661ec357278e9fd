/**
 * A queue in which the jobs of one customer are done one after the other, in their order, while other customers' jobs
 * go on beside them. The primary of `node:cluster` starts the workers and replaces those that crash. Each worker is a
 * member of the pool; each partition that it owns has a thread, which computes while it may read from shared memory
 * that the partition is still owned. What a thread has found is written down under the fence, and with the same write
 * the job goes.
 *
 *     NAME=a node dist/examples/partitioned-queue.js
 *
 * A job is any key `<name>-jobs/<partition>/<number>`; its result is `<name>-done/<partition>/<number>`.
 */
import cluster from 'node:cluster';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createClient, type LeadershipHandle, type Ownership, Pool } from 'etcd-leader';
import { isCurrent } from 'etcd-leader/threads';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/queue', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const PARTITIONS = Number(process.env['PARTITIONS'] ?? 8);
const WORKERS = Number(process.env['WORKERS'] ?? 2);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

if (!isMainThread) compute(workerData as LeadershipHandle);
else if (cluster.isPrimary) primary();
else await worker();

function primary(): void {
  let isStopping = false;
  const fork = (number: number): void => {
    const child = cluster.fork({ NAME: `${NAME}.${number}` }); // the same name again: it gets its own partitions back
    child.once('exit', () => {
      if (!isStopping) setTimeout(() => fork(number), 1_000);
    });
  };
  for (let number = 1; number <= WORKERS; number++) fork(number);
  const stop = (): void => {
    isStopping = true;
    for (const child of Object.values(cluster.workers ?? {})) if (child?.isConnected()) child.send('stop');
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function worker(): Promise<void> {
  const client = createClient({ hosts: ETCD_HOSTS.split(',') });
  const pool = new Pool(client, ELECTION, { partitions: PARTITIONS, member: NAME, ttl: TTL });
  pool.on('error', (err) => log(`${err.code}: ${err.message}`));
  const shutdown = new AbortController();
  process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group; the primary decides how to stop
  process.once('message', () => shutdown.abort()); // when the primary is gone, Node ends this process
  await pool.run(work, { signal: shutdown.signal });
  client.close();
  log('stopped');
  if (process.connected) process.disconnect();

  /** Does the jobs of one partition while this worker owns it. When it returns, its thread has ended. */
  async function work(ownership: Ownership): Promise<void> {
    const { partition, signal, fencingToken } = ownership;
    log(`works on ${partition} with token ${fencingToken}`);
    const thread = new Worker(new URL(import.meta.url), { workerData: ownership.share() });
    const exited = once(thread, 'exit').catch(() => {});
    try {
      while (!signal.aborted) {
        if (!(await oneJob(ownership, thread))) await sleep(200, undefined, { signal }).catch(() => {});
      }
    } finally {
      await thread.terminate();
      await exited;
      log(`has ended its work on ${partition}`);
    }
  }

  /** Resolves with whether there was a job. */
  async function oneJob({ partition, signal, fencingToken, txn }: Ownership, thread: Worker): Promise<boolean> {
    const jobs = client.getAll().prefix(`${ELECTION}-jobs/${partition}/`).sort('Create', 'Ascend').limit(1);
    const options = () => ({ deadline: Date.now() + 1_000 }); // etcd3 sets no limit of its own
    const [entry] = Object.entries(await jobs.options(options()).strings());
    if (entry === undefined || signal.aborted) return false;
    const [key, job] = entry;
    thread.postMessage(job);
    const [found] = (await once(thread, 'message', { signal }).catch(() => [])) as readonly string[];
    if (found === undefined) return false; // the partition is to go: its next owner does the job again
    const done = client.put(key.replace('-jobs/', '-done/')).value(`${job} ${found} ${fencingToken}`);
    const { succeeded } = await txn().then(done, client.delete().key(key)).options(options()).commit();
    if (succeeded) log(`has done ${job} of ${partition}`);
    return succeeded;
  }
}

/** A thread: computes a hash for each job, and none when its partition is not owned any more. */
function compute(ownership: LeadershipHandle): void {
  parentPort?.on('message', (job: string) => {
    let hash = job;
    for (let round = 0; round < 10_000 && isCurrent(ownership); round++) {
      hash = createHash('sha256').update(hash).digest('hex');
    }
    if (isCurrent(ownership)) parentPort?.postMessage(hash);
  });
}
