/**
 * Schedules of node-cron that run on one replica, however many replicas run. Which one runs a job is answered from
 * memory. On a planned stop the job that is under way ends before the next replica may run one.
 *
 *     NAME=a node dist/examples/node-cron.js
 */
import { createClient } from 'etcd-leader';
import { EtcdRunCoordinator } from 'etcd-leader/cron';
import cron from 'node-cron';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/node-cron', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);
const { SCHEDULE = '*/5 * * * * *' } = process.env;

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

const client = createClient({ hosts: ETCD_HOSTS.split(',') });
const coordinator = new EtcdRunCoordinator(client, ELECTION, { value: NAME, ttl: TTL });
coordinator.election
  .on('elected', ({ fencingToken }) => log(`elected with token ${fencingToken}`))
  .on('error', (err) => log(`${err.code}: ${err.message}`));
cron.setRunCoordinator(coordinator);

const task = cron.schedule(
  SCHEDULE,
  ({ date }) => log(`report of ${date.toISOString()} under token ${coordinator.election.leadership?.fencingToken}`),
  { name: 'report', distributed: true },
);
task.on('execution:skipped', ({ date }) => log(`skipped ${date.toISOString()}`));

async function shutdown(): Promise<void> {
  await task.stop();
  await coordinator.stop(); // the job under way has ended, and the next replica leads
  client.close();
  log('stopped');
}
process.once('SIGTERM', shutdown);
process.once('SIGINT', shutdown);
