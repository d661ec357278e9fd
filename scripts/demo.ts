/**
 * A demonstration of leader election: three candidates in processes of their own, on a cluster of three etcd members.
 * One leader is killed, and one leaves in order. Exits with 0 only if all that is shown has happened. On a terminal a
 * timeline below the lines shows who leads when. With `--web` the page of `etcd-leader serve` shows it too, and stays
 * until Ctrl-C.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election } from '../lib/index.js';
import { Cluster } from '../spec/support/cluster/cluster.js';
import { describeServer, findEtcd } from '../spec/support/cluster/etcd-server.js';
import { until } from '../spec/support/wait.js';
import { DemoCandidate } from './demo/contender.js';
import { Page } from './demo/page.js';
import { paint, remark, say, title } from './demo/screen.js';
import { DemoTimeline } from './demo/timeline.js';

const TTL = 3;
const READING_TIME = 3_000;
/** Milliseconds: what takes longer has failed, also on a machine that has other work. */
const LONG = 40_000;
const NAMES = ['ada', 'ben', 'cleo'];

const isWeb = process.argv.includes('--web');
/** Ctrl-C before the end is a demo that has not been shown. */
let interrupted = (): void => process.exit(130);
let timeline: DemoTimeline | undefined;

// On `exit` candidates and members are killed, and the cluster's folder is removed.
process.on('SIGINT', () => interrupted());
process.once('SIGTERM', () => process.exit(143));
process.stdout.once('error', () => process.exit(1));

try {
  await demo();
} catch (err) {
  timeline?.end();
  console.error(`\n${paint('red', 'the demo failed:')} ${err instanceof Error ? err.message : String(err)}`);
  process.exit(1);
}

async function demo(): Promise<void> {
  title('etcd-leader: three candidates, one leader');
  say('an etcd cluster of three members starts …');
  const server = await findEtcd();
  for (const line of server === undefined ? [] : await describeServer(server)) remark(line);
  const cluster = await Cluster.start();
  remark(cluster.hosts.join('  '));

  const election = `demo-${process.pid}-${Date.now()}`;
  const client = createClient({ hosts: [...cluster.hosts] });
  const watcher = new Election(client, election);
  const queue = async (): Promise<string[]> => (await watcher.candidates()).map(({ value }) => value);

  const page = isWeb ? await Page.serve(cluster.hosts, election) : undefined;
  if (page !== undefined) {
    say(`the page is at ${paint('bold', page.url)}`);
    await sleep(READING_TIME);
  }

  say(`three candidates start: ${NAMES.join(', ')}`);
  remark(`one process each, with a lease of ${TTL} s that it keeps refreshing`);
  timeline = new DemoTimeline(client, election, NAMES);
  const contenders = NAMES.map((name) => new DemoCandidate(name, { hosts: cluster.hosts, election, ttl: TTL }));
  await until(async () => (await queue()).length === NAMES.length, { within: LONG, what: 'all three to be queued' });
  const first = await leaderAmong(contenders);
  await show(first, queue);

  await sleep(READING_TIME);
  const killedAt = now();
  first.send('SIGKILL');
  timeline.killed(first.name);
  say(`${first.name} is ${paint('red', 'killed')} (SIGKILL, process ${first.pid}): it can tell nobody …`);
  const second = await leaderAmong(contenders.filter((contender) => contender !== first));
  await show(second, queue, first);
  say(`takeover: ${paint('bold', `${(((second.elected?.at ?? NaN) - killedAt) / 1_000).toFixed(2)} s`)}`);
  remark(`this is the dead leader's lease running out: ${TTL} s after its last refresh, and up to 0.5 s more in etcd`);

  await sleep(READING_TIME);
  second.send('SIGTERM');
  say(`${second.name} is asked to stop (SIGTERM): it hands over before it ends …`);
  const third = await leaderAmong(contenders.filter((contender) => contender !== first && contender !== second));
  await show(third, queue, second);
  const handover = (third.elected?.at ?? NaN) - (second.unelected?.at ?? NaN);
  if (!(handover >= 0)) throw new Error(`${second.name} still led when ${third.name} was elected`);
  say(`handover: ${paint('bold', `${handover.toFixed(1)} ms`)}`);
  remark(`from the moment when ${second.name} stopped leading to the moment when ${third.name} led`);
  await ended(second);

  await sleep(READING_TIME);
  third.send('SIGTERM');
  await ended(third);
  await until(async () => (await queue()).length === 0, { what: 'the queue to be empty' });
  timeline.end();
  if (page !== undefined) await shownUntilInterrupted(page);
  client.close();
  await cluster.stop();
  say('everything is stopped');
}

/** Keeps the page, where the whole story can be looked at. */
async function shownUntilInterrupted(page: Page): Promise<void> {
  const over = new Promise<void>((resolve) => {
    interrupted = resolve;
  });
  say('the page stays until Ctrl-C');
  const alive = setInterval(() => {}, 60_000); // waiting for a signal keeps no process alive
  await over;
  clearInterval(alive);
  await page.close();
}

/** Resolves with the candidate that has been elected. */
async function leaderAmong(contenders: readonly DemoCandidate[]): Promise<DemoCandidate> {
  const names = contenders.map(({ name }) => name).join(' or ');
  const heard = (): DemoCandidate | undefined =>
    contenders.find(({ elected, ended }) => elected !== undefined || ended !== undefined);
  const leader = await until(heard, { within: LONG, what: `${names} to lead` });
  if (leader.ended !== undefined) throw new Error(`${leader.name} has ended (${leader.ended})`);
  return leader;
}

/** Prints who leads, after comparing the term with etcd and with the leader before. */
async function show(leader: DemoCandidate, queue: () => Promise<string[]>, previous?: DemoCandidate): Promise<void> {
  const token = BigInt(leader.elected?.token ?? 0);
  if (previous !== undefined && token <= BigInt(previous.elected?.token ?? 0)) {
    throw new Error(`the fencing token of ${leader.name}, ${token}, is not greater than that of ${previous.name}`);
  }
  const [head, ...waiting] = await queue();
  if (head !== leader.name) throw new Error(`${leader.name} says it leads, but etcd says ${head ?? 'nobody'}`);
  const rest = waiting.length === 0 ? 'nobody is waiting' : `waiting: ${waiting.join(', ')}`;
  say(`${paint('green', `${leader.name} leads`)}, with fencing token ${token}; ${rest}`);
}

async function ended(contender: DemoCandidate): Promise<void> {
  const code = await until(() => contender.ended, { within: LONG, what: `${contender.name} to end` });
  if (code !== 0) throw new Error(`${contender.name} ended with ${code}`);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
