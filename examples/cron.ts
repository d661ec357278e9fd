/**
 * A job that is due every few seconds and is done by one replica, however many replicas run. The result and the time of
 * the last run are written in one guarded transaction, so a failover neither forgets a run nor repeats one.
 *
 *     NAME=a node dist/examples/cron.js
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election, type ElectionError, type Leadership } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/cron', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const EVERY = 1_000 * Number(process.env['EVERY'] ?? 5);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const election = new Election(client, ELECTION, { value: NAME, ttl: TTL });
election.on('error', (err) => log(`${err.code}: ${err.message}`));

const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());
process.once('SIGINT', () => shutdown.abort());

await election.run(schedule, { signal: shutdown.signal });
client.close();
log('stopped');

/**
 * Called each time this replica is elected. On a planned stop, nobody else is elected before this call has returned.
 */
async function schedule(leadership: Leadership): Promise<void> {
  const { signal, fencingToken } = leadership;
  log(`elected with token ${fencingToken}`);
  while (!signal.aborted) {
    try {
      await nextRun(leadership);
    } catch (err) {
      if (signal.aborted) break; // aborted while it waited for the next run
      log(`failed, and is tried again: ${err instanceof Error ? err.message : String(err)}`);
      await sleep(1_000, undefined, { signal }).catch(() => {});
    }
  }
  log(`leads no longer: ${(signal.reason as ElectionError).code}`);
}

async function nextRun(leadership: Leadership): Promise<void> {
  const last = await client.get(`${ELECTION}-last`).options(soon()).string();
  const due = last === null ? Math.ceil(Date.now() / EVERY) * EVERY : Number(last) + EVERY;
  await sleep(due - Date.now(), undefined, { signal: leadership.signal }); // no wait when the run is overdue
  const report = `made by ${NAME} under token ${leadership.fencingToken}`;
  // txn() contains the fence: if another replica leads by now, nothing is written.
  const { succeeded } = await leadership
    .txn()
    .then(client.put(`${ELECTION}-reports/${due}`).value(report), client.put(`${ELECTION}-last`).value(due))
    .options(soon())
    .commit();
  if (succeeded) log(`report of ${new Date(due).toISOString()} done`);
}

/** etcd3 sets no limit of its own, so a request could wait for longer than leadership lasts. */
function soon(): { readonly deadline: number } {
  return { deadline: Date.now() + 2_000 };
}
