/**
 * A thousand shards, spread over the replicas: each is owned by one replica, on one lease for each replica. A shard
 * moves when a replica joins or leaves, after the work in it has ended.
 *
 *     NAME=a node dist/examples/shards.js
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Ownership, Pool } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/shards', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const SHARDS = Number(process.env['SHARDS'] ?? 1_000);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const pool = new Pool(client, ELECTION, { partitions: SHARDS, member: NAME, ttl: TTL, concurrency: 64 });
pool.on('error', (err) => log(`${err.code}: ${err.message}`));
pool.on('coordinating', (isCoordinating) => log(isCoordinating ? 'coordinates' : 'coordinates no longer'));

let told = -1;
const telling = setInterval(() => {
  if (pool.owned.size !== told) log(`owns ${pool.owned.size} of ${SHARDS}`);
  told = pool.owned.size;
}, 200);

const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());
process.once('SIGINT', () => shutdown.abort());

await pool.run(shard, { signal: shutdown.signal }); // resolves when every shard has been handed over
clearInterval(telling);
client.close();
log('stopped');

/** The work in one shard, while this replica owns it. When a shard moves, another owner begins after this returns. */
async function shard({ signal }: Ownership): Promise<void> {
  while (!signal.aborted) await sleep(10_000, undefined, { signal }).catch(() => {}); // the work, with the token
}
