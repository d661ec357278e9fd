/** One candidate process of a chaos run. It takes part, writes down what it sees, and does what its parent tells it. */
import { Etcd3 } from 'etcd3';
import { createClient, Election, type Leadership, Session } from '../../../lib/index.js';
import { whenOrphaned } from '../../support/programs/parent.js';
import { microseconds } from '../log/clock.js';
import { Log } from '../log/log.js';
import type { ElectionEvent } from '../log/records.js';
import { ChaosWorker } from './pool-worker.js';
import { type CandidateAssignment, type CandidateCommand, electionsOf, type Notice } from './profile.js';
import { Sampler } from './sampler.js';
import { GuardedWriter } from './writer.js';

const WRITE_EVERY = { main: 40, shard: 1_500, partition: 1_000 };
const WRITE_PATIENCE = 2_000;
const REMEMBER_EVERY = 2_000;
/** Milliseconds in which the process must end by itself once everything is closed. */
const ENDS_WITHIN = 10_000;

const { profile, hosts, logFile, run } = JSON.parse(process.argv[2] ?? '') as CandidateAssignment;
const log = new Log(logFile);

process.on('uncaughtException', (err) => broken(err));
process.on('unhandledRejection', (err) => broken(err));
process.on('SIGINT', () => {}); // Ctrl-C is the parent's to handle
whenOrphaned(onOrphaned);

const client = profile.client === 'plain' ? new Etcd3({ hosts: [...hosts] }) : createClient({ hosts: [...hosts] });
const timing = {
  ttl: profile.ttl,
  ...(profile.renewDeadline !== undefined && { renewDeadline: profile.renewDeadline }),
};
const session = profile.session ? new Session(client, timing) : undefined;
const elections = electionsOf(profile, run).map((name) =>
  session === undefined
    ? new Election(client, name, { value: profile.name, ...timing })
    : new Election(session, name, { value: profile.name }),
);
const owner = `${profile.name}-${process.pid}`;
// An expired deadline makes etcd3's own breaker close the host. A user of the plain client would rather set no
// deadline.
const patience = profile.client === 'plain' ? {} : { patience: WRITE_PATIENCE };
const writer = new GuardedWriter(client, log, { run, owner, ...patience });
const pool = profile.pool
  ? new ChaosWorker({
      source: session ?? client,
      name: profile.name,
      run,
      timing: session === undefined ? timing : {},
      log,
      note,
      gained: (ownership) => void writer.during(ownership, WRITE_EVERY.partition),
    })
  : undefined;
const sampler = new Sampler(log, [...elections, ...(pool?.sampled ?? [])]);

for (const [i, election] of elections.entries()) listen(election, i === 0);
sampler.start();
const remembering = setInterval(remember, REMEMBER_EVERY);
process.on('message', (command: CandidateCommand) => void obey(command));
for (const election of elections) election.start();
pool?.start();

/** Writes an event down, and tells the parent who leads what. */
function note(election: string, event: ElectionEvent, token = '', detail = ''): void {
  log.add(['E', microseconds(), election, event, token, detail]);
  sampler.sample();
  if (event !== 'elected' && event !== 'unelected') return;
  if (process.connected) process.send?.({ heard: event, election, at: microseconds() } satisfies Notice);
}

function listen(election: Election, isMain: boolean): void {
  const { name } = election;
  election.on('elected', (leadership: Leadership) => {
    note(name, 'elected', leadership.fencingToken.toString(), leadership.leaseId);
    void writer.during(leadership, isMain ? WRITE_EVERY.main : WRITE_EVERY.shard);
  });
  election.on('unelected', ({ fencingToken }, reason) => {
    note(name, 'unelected', fencingToken.toString(), reason.code);
  });
  election.on('error', (err) => note(name, 'error', '', err.code));
  election.on('suspended', (err) => note(name, 'suspended', '', err.code));
  election.on('resumed', () => note(name, 'resumed'));
}

async function obey(command: CandidateCommand): Promise<void> {
  switch (command.do) {
    case 'block':
      return block(command.ms);
    case 'stop':
      await Promise.all([pool?.stop(), ...elections.map((election) => election.stop())]);
      return;
    case 'start':
      for (const election of elections) election.start();
      pool?.start();
      return;
    case 'stepDown':
      // A candidate that does not lead has nothing to give up.
      await Promise.all(elections.filter((e) => e.isLeader()).map((e) => e.stepDown().catch(() => {})));
      return;
    case 'end':
      return end();
  }
}

/** Blocks the event loop: no timer, no I/O and no event runs, but this code runs and asks whether it leads. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    sampler.sample();
    const next = performance.now() + 1;
    while (performance.now() < next);
  }
}

function remember(): void {
  const { rss, heapUsed } = process.memoryUsage();
  log.add(['M', microseconds(), rss, heapUsed, process.getActiveResourcesInfo().length]);
}

/** Ends in order. Then nothing may be left that keeps this process alive. */
async function end(): Promise<void> {
  await pool?.stop();
  await (session === undefined ? elections[0]?.stop() : session.close());
  remember();
  writer.stop();
  sampler.stop();
  clearInterval(remembering);
  client.close();
  process.off('disconnect', onOrphaned);
  process.disconnect();
  process.once('exit', () => log.close());
  setTimeout(() => {
    log.add(['L', microseconds(), process.getActiveResourcesInfo().join(' ')]);
    process.exit(3);
  }, ENDS_WITHIN).unref();
  process.once('beforeExit', () => log.add(['L', microseconds(), '']));
}

function onOrphaned(): void {
  process.exit(1);
}

function broken(err: unknown): void {
  log.add(['X', microseconds(), err instanceof Error ? (err.stack ?? err.message) : String(err)]);
  log.flush();
  process.exit(1);
}
