import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import type { Session } from '../lib/session.js';
import { tracked } from './support/track.js';
import { type Process, recordLog, World } from './support/world.js';

const MANY = 100;

describe('an outage', () => {
  let world: World;
  let process: Process & { readonly session: Session };
  let elections: Election[];
  /** What the elections are told, with the second in which they are. */
  let told: string[];

  const build = (logger = recordLog()): ReturnType<typeof recordLog> => {
    world = new World();
    process = world.session('a', { logger });
    elections = Array.from({ length: MANY }, (_, i) => new Election(process.session, `jobs-${i}`, { logger }));
    tracked({ close: () => world.settled(process.session.close()) });
    told = [];
    return logger;
  };

  const listen = (): void => {
    const at = (what: string): number => told.push(`${Math.floor(world.now / 1_000)} s: ${what}`);
    for (const election of elections) {
      election.on('suspended', () => at('suspended'));
      election.on('resumed', () => at('resumed'));
      election.on('error', ({ code, message }) => at(`error ${code}${/ \(for .* now\)$/.exec(message) ?? ''}`));
    }
  };

  /** How many elections were told each thing. */
  const counts = (): Record<string, number> => {
    const counted: Record<string, number> = {};
    for (const line of told) counted[line] = (counted[line] ?? 0) + 1;
    return counted;
  };

  it('is told to each of a hundred elections of a session when it begins, and then at growing intervals', async () => {
    build();
    listen();
    process.store.network = 'down';
    for (const election of elections) election.start();
    await world.runUntil(130_000);

    expect(told.length).to.equal(5 * MANY);
    expect(Object.values(counts())).to.deep.equal(Array(5).fill(MANY));
    const [suspended, begun, ...later] = Object.keys(counts());
    expect([suspended, begun]).to.deep.equal(['0 s: suspended', '0 s: error UNAVAILABLE']);
    expect(later.map((line) => line.replace(/\d+/g, (n) => String(Math.round(Number(n) / 10) * 10)))).to.deep.equal([
      '10 s: error UNAVAILABLE (for 10 s now)',
      '30 s: error UNAVAILABLE (for 30 s now)',
      '60 s: error UNAVAILABLE (for 60 s now)',
    ]);
  });

  it('is told to elections that are in the queue by suspended, errors at growing intervals, and resumed', async () => {
    build();
    listen();
    await world.queued(...elections);
    const from = world.now;
    process.store.network = 'down';
    await world.runUntil(from + 25_000);
    process.store.network = 'up';
    await world.until(() => elections.every((election) => election.isLeader()), 'all of them lead again');

    const of = (what: RegExp): number => told.filter((line) => what.test(line)).length;
    expect([of(/suspended/), of(/resumed/)]).to.deep.equal([MANY, MANY]);
    expect(of(/error UNAVAILABLE$/)).to.equal(MANY);
    expect(of(/error UNAVAILABLE \(for 1\d s now\)/)).to.equal(MANY);
    expect(told.length).to.equal(4 * MANY);
  });

  it('is told when it begins, after another one too', async () => {
    build();
    listen();
    for (let outage = 0; outage < 3; outage++) {
      process.store.network = 'down';
      for (const election of elections) election.start();
      await world.until(() => told.length === 3 * MANY * outage + 2 * MANY, 'the beginning');
      process.store.network = 'up';
      await world.until(() => elections.every((election) => election.isLeader()), 'all of them lead');
      await Promise.all(elections.map((election) => world.settled(election.stop())));
    }
    expect(told.filter((line) => line.endsWith('error UNAVAILABLE'))).to.have.length(3 * MANY);
    expect(told).to.have.length(9 * MANY);
  });

  it('is told at once when its error is another than before', async () => {
    build();
    listen();
    process.store.faults.grant = { error: new ElectionError('UNAVAILABLE', 'no answer') };
    for (const election of elections) election.start();
    await world.runUntil(3_000);
    process.store.faults.grant = { error: new ElectionError('PERMISSION_DENIED', 'no') };
    await world.runUntil(6_000);
    const of = (code: string): number => told.filter((line) => line.endsWith(`error ${code}`)).length;
    expect([of('UNAVAILABLE'), of('PERMISSION_DENIED')]).to.deep.equal([MANY, MANY]);
    process.store.faults.grant = 'ok';
  });

  it('is logged by the session, for all of its elections that nobody listens to, and so is its end', async () => {
    const log = build();
    process.store.network = 'down';
    for (const election of elections) election.start();
    await world.runUntil(70_000);
    process.store.network = 'up';
    await world.until(() => elections.every((election) => election.isLeader()), 'all of them lead');
    expect(log.messages('error')).to.deep.equal(Array(4).fill('no lease granted'));
    const lasts = log.lines.flatMap(({ message, data }) => (message === 'no lease granted' ? [data['lasts']] : []));
    expect(lasts.map((ms) => (ms === undefined ? ms : Math.round(Number(ms) / 10_000)))).to.deep.equal([
      undefined,
      1,
      3,
      6,
    ]);
    expect(log.messages('info').filter((line) => line === 'etcd answers again')).to.have.length(1);
  });

  it('is not logged when everybody listens', async () => {
    const log = build();
    listen();
    process.store.network = 'down';
    for (const election of elections) election.start();
    await world.runUntil(70_000);
    expect(log.messages('error')).to.deep.equal([]);
    process.store.network = 'up';
  });

  it('is logged by the session at growing intervals while the refreshes of a leader fail', async () => {
    const log = recordLog();
    world = new World();
    process = world.session('a', { logger: log, ttl: 120 });
    const election = new Election(process.session, 'jobs', { logger: log });
    tracked({ close: () => world.settled(process.session.close()) });
    await world.queued(election);
    process.store.faults.keepAlive = 'fail';
    await world.runUntil(85_000);
    process.store.faults.keepAlive = 'ok';
    await world.runUntil(100_000);
    expect(log.messages('warn')).to.deep.equal(Array(3).fill('lease not refreshed'));
    expect(log.messages('info').at(-1)).to.equal('etcd answers again');
    expect(election.isLeader()).to.equal(true);
  });

  it('is told at growing intervals to who observes without taking part', async () => {
    world = new World();
    const { election, store } = world.candidate('a');
    const errors: string[] = [];
    election.on('error', ({ message }) => errors.push(message));
    store.network = 'down';
    const over = new AbortController();
    const observed = (async () => {
      for await (const _ of election.observe({ signal: over.signal }));
    })();
    await world.runUntil(65_000);
    over.abort();
    await world.settled(observed);
    expect(errors).to.have.length(4);
  });
});

describe('errors that do not last', () => {
  it('are told each time', async () => {
    const world = new World();
    const { election } = world.candidate('a', { releaseTimeout: 100 });
    const errors: string[] = [];
    election.on('error', ({ code }) => errors.push(code));
    let finish = (): void => {};
    void election.run(() => new Promise<void>((resolve) => (finish = resolve)));
    for (let term = 0; term < 2; term++) {
      await world.until(() => election.isLeader(), 'it leads');
      await world.settled(election.stepDown());
      finish();
      await world.advance(10);
    }
    expect(errors).to.deep.equal(['RELEASE_TIMEOUT', 'RELEASE_TIMEOUT']);
  });
});
