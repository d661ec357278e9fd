/**
 * A thousand shards, each led by one replica, on one lease and two streams per replica. Every replica is a candidate
 * for every shard. A replica that leads more than its share steps down from some shards.
 *
 *     NAME=a node dist/examples/shards.js
 */
import { createClient, Election, Session } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/shards', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const SHARDS = Number(process.env['SHARDS'] ?? 1_000);
const BALANCE_EVERY = 1_000 * Number(process.env['BALANCE_EVERY'] ?? 10);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const session = new Session(client, { ttl: TTL });
const mine = new Map<string, Election>();
const troubles = new Set<string>();

const shards = Array.from({ length: SHARDS }, (_, i) => {
  const shard = new Election(session, `${ELECTION}/${i}`, { value: NAME, observe: false });
  shard.on('elected', ({ election }) => mine.set(election, shard)); // start the shard's work here, with the token
  shard.on('unelected', ({ election }) => mine.delete(election)); // stop the shard's work here
  shard.on('error', (err) => troubles.add(`${err.code}: ${err.message}`)); // shards mostly share an error
  return shard.start();
});

let told = -1;
const telling = setInterval(() => {
  if (mine.size !== told) log(`leads ${mine.size} of ${SHARDS}`);
  told = mine.size;
  for (const trouble of troubles) log(trouble);
  troubles.clear();
}, 200);
let balancing = setTimeout(balance, BALANCE_EVERY);

/** The queue of any shard lists the replicas. */
async function balance(): Promise<void> {
  try {
    const replicas = (await shards[0]?.candidates())?.length ?? 0;
    const share = Math.ceil(SHARDS / Math.max(1, replicas));
    const surplus = [...mine.values()].slice(share);
    if (surplus.length > 0) log(`sends ${surplus.length} on: its share of ${replicas} is ${share}`);
    await Promise.allSettled(surplus.map((shard) => shard.stepDown())); // NOT_LEADER: the shard was lost meanwhile
  } catch (err) {
    log(`cannot balance: ${err instanceof Error ? err.message : String(err)}`);
  }
  if (!isStopping) balancing = setTimeout(balance, BALANCE_EVERY);
}

let isStopping = false;
process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);

async function shutDown(): Promise<void> {
  isStopping = true;
  clearTimeout(balancing);
  clearInterval(telling);
  await session.close(); // the lease is revoked, so every shard goes on at once elsewhere
  client.close();
  log('stopped');
}
