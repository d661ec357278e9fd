/**
 * The same with croner, which knows nothing of coordinators: `guard()` makes a job that runs on one replica.
 *
 *     NAME=a node dist/examples/croner.js
 */
import { Cron } from 'croner';
import { createClient } from 'etcd-leader';
import { EtcdRunCoordinator } from 'etcd-leader/cron';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/croner', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const { SCHEDULE = '*/5 * * * * *' } = process.env;

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const coordinator = new EtcdRunCoordinator(client, ELECTION, { value: NAME, ttl: TTL });
coordinator.election
  .on('elected', ({ fencingToken }) => log(`elected with token ${fencingToken}`))
  .on('error', (err) => log(`${err.code}: ${err.message}`));

const report = (job: Cron): void => {
  const due = Math.floor((job.currentRun()?.getTime() ?? 0) / 1_000) * 1_000;
  log(`report of ${new Date(due).toISOString()} under token ${coordinator.election.leadership?.fencingToken}`);
};
const job = new Cron(SCHEDULE, coordinator.guard(report));

async function shutdown(): Promise<void> {
  job.stop();
  await coordinator.stop();
  client.close();
  log('stopped');
}
process.once('SIGTERM', shutdown);
process.once('SIGINT', shutdown);
