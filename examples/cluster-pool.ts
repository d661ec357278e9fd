/**
 * A pool of `node:cluster` workers that works on one host at a time. The primary holds the election. Its workers start
 * when the primary is elected, and are told the token and until when it holds. They have ended before another pool
 * starts.
 *
 *     NAME=a node dist/examples/cluster-pool.js
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election, type ElectionError, type Leadership } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/cluster', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const WORKERS = Number(process.env['WORKERS'] ?? 4);
const GRACE = (1_000 * TTL) / 8; // half of the time between the default `renewDeadline` and the TTL

/** The lease is confirmed until this moment of `process.hrtime`, which is the same clock in all processes. */
interface Confirmed {
  readonly until: string;
}

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);
const client = createClient({ hosts: ETCD_HOSTS.split(',') });

await (cluster.isPrimary ? primary() : worker());
client.close();

async function primary(): Promise<void> {
  const election = new Election(client, ELECTION, { value: NAME, ttl: TTL });
  election.on('error', (err) => log(`${err.code}: ${err.message}`));
  election.on('refresh', ({ expiresIn }) => {
    for (const worker of Object.values(cluster.workers ?? {})) if (worker !== undefined) confirm(worker, expiresIn);
  });
  const shutdown = new AbortController();
  process.once('SIGTERM', () => shutdown.abort());
  process.once('SIGINT', () => shutdown.abort());
  await election.run(pool, { signal: shutdown.signal });
  log('stopped');
}

/** Runs for one term. When it returns, no worker is left. */
async function pool(leadership: Leadership): Promise<void> {
  const { signal, fencingToken, key } = leadership;
  log(`elected with token ${fencingToken}`);
  const workers = new Set<Worker>();
  let forked = 0;
  const fork = (): void => {
    if (signal.aborted) return;
    const worker = cluster.fork({ NAME: `${NAME}.${++forked}`, KEY: key, TOKEN: String(fencingToken) });
    workers.add(worker);
    worker.once('online', () => confirm(worker, leadership.expiresIn()));
    worker.once('exit', () => {
      workers.delete(worker);
      setTimeout(fork, 1_000); // a worker that crashed is replaced
    });
  };
  for (let i = 0; i < WORKERS; i++) fork();

  await new Promise((ended) => signal.addEventListener('abort', ended, { once: true }));
  log(`leads no longer: ${(signal.reason as ElectionError).code}`);
  await Promise.all([...workers].map(stop));
}

function confirm(worker: Worker, expiresIn: number): void {
  const until = process.hrtime.bigint() + BigInt(Math.floor(expiresIn * 1e6));
  if (worker.isConnected()) worker.send({ until: String(until) } satisfies Confirmed);
}

/** Asks the worker to end, and kills a worker that takes too long. */
async function stop(worker: Worker): Promise<void> {
  const exited = once(worker, 'exit');
  worker.disconnect();
  const kill = setTimeout(() => worker.process.kill('SIGKILL'), GRACE);
  await exited;
  clearTimeout(kill);
}

/**
 * Works while the lease is known to hold. When the primary is killed, Node ends its workers. When the primary stands
 * still (SIGSTOP, a blocked event loop), nobody confirms the lease any more, and the workers end by themselves.
 */
async function worker(): Promise<void> {
  const { TOKEN = '' } = process.env;
  process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group; the primary decides how to stop
  let until = 0n;
  process.on('message', (confirmed: Confirmed) => {
    until = BigInt(confirmed.until);
  });
  await once(process, 'message');
  log(`works with token ${TOKEN}`);
  while (process.connected && process.hrtime.bigint() < until) {
    await job().catch((err: Error) => log(err.message));
    await sleep(50);
  }
  log(`has ended its work with token ${TOKEN}`);
  if (process.connected) process.disconnect();
}

/** Writes only while the key of the term exists: what leaves this process is fenced. */
async function job(): Promise<void> {
  const { KEY = '', TOKEN = '' } = process.env;
  const write = client.put(`${ELECTION}-jobs`).value(`${TOKEN} ${NAME}`);
  const options = { deadline: Date.now() + 1_000 }; // etcd3 sets no limit of its own
  await client.if(KEY, 'Create', '==', TOKEN).then(write).options(options).commit();
}
