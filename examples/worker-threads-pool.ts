/**
 * A pool of `worker_threads` that computes on one host at a time. The main thread holds the election and writes down,
 * under the fence, what its workers find. The workers see in shared memory when leadership ends, without a message.
 *
 *     NAME=a node dist/examples/worker-threads-pool.js
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createClient, Election, type ElectionError, type Leadership, type LeadershipHandle } from 'etcd-leader';
import { isCurrent } from 'etcd-leader/threads';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/threads', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const WORKERS = Number(process.env['WORKERS'] ?? 2);
const GRACE = (1_000 * TTL) / 8; // half of the time between the default `renewDeadline` and the TTL

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

if (isMainThread) await main();
else compute(workerData as LeadershipHandle);

async function main(): Promise<void> {
  const client = createClient({ hosts: ETCD_HOSTS.split(',') });
  const election = new Election(client, ELECTION, { value: NAME, ttl: TTL });
  const shutdown = new AbortController();
  process.once('SIGTERM', () => shutdown.abort());
  process.once('SIGINT', () => shutdown.abort());
  election.on('error', (err) => log(`${err.code}: ${err.message}`));
  await election.run((leadership) => pool(leadership), { signal: shutdown.signal });
  client.close();
  log('stopped');

  /** Runs for one term. When it returns, no thread is left. */
  async function pool(leadership: Leadership): Promise<void> {
    const { signal, fencingToken: token } = leadership;
    log(`elected with token ${token}`);
    const threads = Array.from({ length: WORKERS }, () => {
      const thread = new Worker(new URL(import.meta.url), { workerData: leadership.share() });
      thread.on('message', (found: string) => void save(leadership, found).catch((err: Error) => log(err.message)));
      thread.on('error', (err) => log(`a thread has failed: ${err.message}`));
      return { thread, exited: once(thread, 'exit').catch(() => {}) };
    });

    await new Promise((ended) => signal.addEventListener('abort', ended, { once: true }));
    log(`leads no longer: ${(signal.reason as ElectionError).code}`);
    const kill = setTimeout(() => threads.forEach(({ thread }) => void thread.terminate()), GRACE);
    await Promise.all(threads.map(({ exited }) => exited));
    clearTimeout(kill);
    log(`its threads have ended, token ${token}`);
  }

  async function save(leadership: Leadership, found: string): Promise<void> {
    const write = client.put(`${ELECTION}-found`).value(`${leadership.fencingToken} ${found}`);
    const options = { deadline: Date.now() + 1_000 }; // etcd3 sets no limit of its own
    const { succeeded } = await leadership.txn().then(write).options(options).commit();
    if (!succeeded) log('deposed: what a thread has found is not written');
  }
}

/** Blocks its thread, as work in threads does. The main thread still refreshes the lease. */
function compute(handle: LeadershipHandle): void {
  log(`a thread works with token ${handle.fencingToken}`);
  while (isCurrent(handle)) {
    const word = randomBytes(8).toString('hex');
    if (createHash('sha256').update(word).digest('hex').startsWith('0000')) parentPort?.postMessage(word);
  }
}
