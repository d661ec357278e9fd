import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election, type Leadership } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'reports/daily', NAME = `${process.pid}` } = process.env;
/** Milliseconds. A day begins at midnight UTC. */
const EVERY = Number(process.env['EVERY'] ?? 86_400_000);
const TTL = Number(process.env['TTL'] ?? 10);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const election = new Election(client, ELECTION, { value: NAME, ttl: TTL });
election.on('error', (err) => log(`${err.code}: ${err.message}`));

const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());
process.once('SIGINT', () => shutdown.abort());

/** The latest period that this process has begun to work for. */
let latest = 0;

await election.run(eachPeriod, { signal: shutdown.signal }); // a planned stop is no error
client.close();

/** Called on the leader: does the work of each period that nobody has claimed, until it leads no longer. */
async function eachPeriod(leadership: Leadership): Promise<void> {
  const { signal } = leadership;
  while (!signal.aborted) {
    const start = Math.floor(Date.now() / EVERY) * EVERY;
    try {
      if (start > latest && (await claim(leadership, start))) {
        latest = start;
        await report(start, leadership);
      }
      await sleep(start + EVERY - Date.now(), undefined, { signal });
    } catch (err) {
      if (signal.aborted) return;
      log(`failed: ${err instanceof Error ? err.message : String(err)}`);
      await sleep(1_000, undefined, { signal }).catch(() => {});
    }
  }
}

/** Whether the period is ours to work for. Nobody else gets the same answer, and nobody gets it twice. */
async function claim(leadership: Leadership, start: number): Promise<boolean> {
  const key = `${leadership.election}!period`;
  const token = String(leadership.fencingToken);
  const ours = JSON.stringify({ v: 1, start: new Date(start).toISOString(), token });
  const { kvs } = await client.get(key).options(soon()).exec();
  const last = kvs[0]?.value.toString();
  if (last === ours) return true; // we have claimed it before, and the answer was lost
  if (last !== undefined && Date.parse(JSON.parse(last).start) >= start) return false;
  const { succeeded } = await leadership
    .txn() // the fence: a leader that was deposed writes nothing
    .and(key, 'Mod', '==', kvs[0]?.mod_revision ?? 0)
    .then(client.put(key).value(ours))
    .options(soon())
    .commit();
  return succeeded;
}

/** The work. What it writes is fenced by `fencingToken`, because it may outlive the term by a moment. */
async function report(start: number, { signal, fencingToken }: Leadership): Promise<void> {
  log(`report of ${new Date(start).toISOString()} begins, token ${fencingToken}`);
  await sleep(Number(process.env['TAKES'] ?? 100), undefined, { signal });
  log(`report of ${new Date(start).toISOString()} done`);
}

/** etcd3 sets no limit of its own: a request could wait for longer than leadership lasts. */
function soon(): { readonly deadline: number } {
  return { deadline: Date.now() + 2_000 };
}
