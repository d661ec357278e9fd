/**
 * Fastify with an election: every replica serves, one replica does the work, and a rolling update hands the work over
 * without a gap. It has the two probes that Kubernetes wants; examples/kubernetes/ deploys it.
 *
 *     PORT=3001 node dist/examples/fastify.js
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election, type Leadership } from 'etcd-leader';
import Fastify from 'fastify';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/fastify', HOST = '127.0.0.1' } = process.env;
const NAME = process.env['NAME'] ?? hostname();
const PORT = Number(process.env['PORT'] ?? 3_000);
const TTL = Number(process.env['TTL'] ?? 10);
/** Milliseconds that `stop()` waits for the work. Whatever kills this process must wait for longer. */
const RELEASE_TIMEOUT = 1_000 * Number(process.env['RELEASE_TIMEOUT'] ?? 20);
/** Milliseconds to serve on while saying "not ready", because load balancers need this time to notice. */
const DRAIN = 1_000 * Number(process.env['DRAIN'] ?? 0);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const election = new Election(client, ELECTION, { value: NAME, ttl: TTL, releaseTimeout: RELEASE_TIMEOUT });
election.on('error', (err) => log(`${err.code}: ${err.message}`));

const app = Fastify();
let isDraining = false;
let working: Promise<void> | undefined;

/**
 * Alive means that the event loop turns. It says nothing about etcd, or an outage of etcd would restart every replica.
 */
app.get('/healthz', async () => ({ status: 'alive' }));

/**
 * Ready means that this replica takes requests. It says nothing about leadership, or followers would never be ready.
 */
app.get('/readyz', async (_, reply) => {
  reply.code(isDraining ? 503 : 200);
  return { ready: !isDraining, state: election.state };
});

app.get('/leader', async () => ({ leader: election.currentLeader() ?? null, self: NAME }));

app.addHook('onReady', async () => {
  working = election.run(work); // its end by `stop()` is planned, and no error
});
// `preClose` runs before the server closes: the work ends, and the next replica leads while this one still answers.
app.addHook('preClose', async () => {
  await election.stop();
  await working;
});
app.addHook('onClose', async () => client.close());

await app.listen({ host: HOST, port: PORT });
log(`listening at ${app.listeningOrigin}`);

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);

async function shutDown(): Promise<void> {
  isDraining = true;
  await sleep(DRAIN);
  await app.close();
  log('stopped');
}

async function work({ signal, fencingToken }: Leadership): Promise<void> {
  log(`works with token ${fencingToken}`);
  while (!signal.aborted) await batch(signal);
  log(`has ended its work with token ${fencingToken}`);
}

/** Stands for a piece of work that is finished and not broken off. */
async function batch(_signal: AbortSignal): Promise<void> {
  await sleep(200);
}
