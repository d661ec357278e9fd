import { expect } from 'chai';
import type { RunCoordinator } from 'node-cron';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { EtcdRunCoordinator, type RunCoordinatorOptions } from '../lib/cron/index.js';
import { Session } from '../lib/session.js';
import { record } from './support/story.js';
import { tracked } from './support/track.js';
import { type Process, settling, World } from './support/world.js';

const START = Date.parse('2030-01-01T00:00:00.500Z');

describe('EtcdRunCoordinator', () => {
  let world: World;
  let wall: SinonFakeTimers;

  beforeEach(() => {
    world = new World();
    wall = tracked(useFakeTimers({ now: START, toFake: ['Date', 'performance'] }));
  });

  const make = (name: string, options: RunCoordinatorOptions = {}): EtcdRunCoordinator & { process: Process } => {
    const process = world.process(name);
    return Object.assign(new EtcdRunCoordinator(process, 'cron', { value: name, ...options }), { process });
  };

  /** Lets time go on, on the wall clock and on the others. */
  const pass = async (ms: number): Promise<void> => {
    wall.tick(ms);
    await world.advance(ms);
  };

  /** The key of the fire that is due now, as node-cron makes it. */
  const due = (ms = Date.now()): string => `report:${new Date(ms).toISOString()}`;

  const inQueue = async (name: string): Promise<ReturnType<typeof make>> => {
    const coordinator = make(name);
    await world.until(() => coordinator.election.key !== undefined, 'it is in the queue');
    return coordinator;
  };

  const pair = async (): Promise<readonly [EtcdRunCoordinator, EtcdRunCoordinator]> => {
    const [a, b] = [await inQueue('a'), await inQueue('b')];
    await pass(50);
    return [a, b];
  };

  const stop = async (...all: readonly EtcdRunCoordinator[]): Promise<void> => {
    for (const one of all) await world.settled(one.stop());
  };

  it('is a run coordinator of node-cron', async () => {
    const coordinator: RunCoordinator = make('a');
    expect(coordinator).to.be.instanceOf(EtcdRunCoordinator);
    await stop(coordinator as EtcdRunCoordinator);
  });

  it('lets the leader run each fire, and nobody else', async () => {
    const all = [...(await pair()), await inQueue('c')];
    for (let fire = 0; fire < 20; fire++) {
      await pass(500);
      expect(await Promise.all(all.map((one) => one.shouldRun(due(), 30_000)))).to.deep.equal([true, false, false]);
      for (const one of all) one.onComplete(due());
    }
    await stop(...all);
  });

  it('answers without a request', async () => {
    const [a, b] = await pair();
    const before = { ...world.etcd.requests };
    for (let fire = 0; fire < 100; fire++) await Promise.all([a.shouldRun(due(), 1), b.shouldRun(due(), 1)]);
    expect(world.etcd.requests).to.deep.equal(before);
    await stop(a, b);
  });

  it('runs on a new leader what is due after its predecessor has ended, and nothing before', async () => {
    const [a, b] = await pair();
    await pass(450);
    const late = due(); // a runs this one; the timer of b is late
    expect(await a.shouldRun(late, 1)).to.equal(true);
    await pass(1);
    await stop(a);
    await world.until(() => b.election.isLeader(), 'b leads');
    expect(await b.shouldRun(late, 1)).to.equal(false);
    await pass(100);
    expect(await b.shouldRun(due(), 1)).to.equal(true);
    await stop(b);
  });

  it('goes on when the wall clock is set back', async () => {
    const [a, b] = await pair();
    await stop(a);
    await world.until(() => b.election.isLeader(), 'b leads');
    wall.setSystemTime(Date.now() - 3_600_000);
    await pass(1_000);
    expect(await b.shouldRun(due(), 1)).to.equal(true);
    await stop(b);
  });

  it('waits for the outcome while nobody is known to lead, so that the first fire is not left out', async () => {
    const coordinator = make('a');
    wall.tick(500);
    const answer = coordinator.shouldRun(due(), 30_000);
    expect(settling(answer).done).to.equal(false);
    expect(await world.settled(answer)).to.equal(true);
    coordinator.onComplete(due());
    await stop(coordinator);
  });

  it('waits no longer than a second: then the fire is left out', async () => {
    world.etcd.restart(5_000);
    const coordinator = make('a');
    wall.tick(500);
    const answer = coordinator.shouldRun(due(), 30_000);
    const state = settling(answer);
    await world.advance(999);
    expect(state.done).to.equal(false);
    await world.advance(1);
    expect([state.done, await answer]).to.deep.equal([true, false]);
    await stop(coordinator);
  });

  it('lets nobody lead before the job of the leader has ended', async () => {
    const [a, b] = await pair();
    await pass(450);
    const job = due();
    expect(await a.shouldRun(job, 30_000)).to.equal(true);
    const stopped = settling(a.stop());
    await pass(3_000);
    expect([a.election.isLeader(), b.election.isLeader(), stopped.done]).to.deep.equal([false, false, false]);
    a.onComplete(job);
    await world.until(() => b.election.isLeader() && stopped.done, 'b leads');
    await stop(b);
  });

  it('counts a job as ended after the time that node-cron gives it', async () => {
    const [a, b] = await pair();
    await pass(450);
    expect(await a.shouldRun(due(), 4_000)).to.equal(true);
    const stopped = settling(a.stop());
    await pass(3_900);
    expect(stopped.done).to.equal(false);
    await pass(200);
    expect([stopped.done, b.election.isLeader()]).to.deep.equal([true, true]);
    await stop(b);
  });

  it('waits for both jobs of one key, as schedules without names have them', async () => {
    const [a, b] = await pair();
    await pass(450);
    const key = due();
    expect([await a.shouldRun(key, 30_000), await a.shouldRun(key, 30_000)]).to.deep.equal([true, true]);
    const stopped = settling(a.stop());
    a.onComplete(key);
    await pass(1_000);
    expect([stopped.done, b.election.isLeader()]).to.deep.equal([false, false]);
    a.onComplete(key);
    a.onComplete(key); // no job has this key any more
    await world.until(() => stopped.done && b.election.isLeader(), 'b leads');
    await stop(b);
  });

  it('makes jobs for other schedulers that run on the leader alone', async () => {
    const [a, b] = await pair();
    await pass(1_000);
    const job = (text: string, times: number): string => text.repeat(times);
    expect(await a.guard(job)('ab', 2)).to.equal('abab');
    expect(await b.guard(job)('ab', 2)).to.equal(undefined);
    await stop(a, b);
  });

  it('holds the key while a guarded job runs, and when the job fails too', async () => {
    const [a, b] = await pair();
    await pass(1_000);
    let fail: ((err: Error) => void) | undefined;
    const failing = a.guard(() => new Promise((_, reject) => (fail = reject)))();
    const outcome = failing.catch((err: Error) => err.message);
    await pass(1);
    const stopped = settling(a.stop());
    await pass(1_000);
    expect([stopped.done, b.election.isLeader()]).to.deep.equal([false, false]);
    fail?.(new Error('no paper'));
    expect(await outcome).to.equal('no paper');
    await world.until(() => stopped.done && b.election.isLeader(), 'b leads');
    await stop(b);
  });

  it('leaves nothing behind', async () => {
    const coordinator = make('a');
    await world.until(() => coordinator.election.isLeader(), 'it leads');
    await pass(500);
    await coordinator.shouldRun(due(), 30_000);
    coordinator.onComplete(due());
    await stop(coordinator);
    expect(await coordinator.shouldRun(due(Date.now() + 1_000), 1)).to.equal(false);
    world.expectNothingLeft(coordinator.election, coordinator.process);
  });

  it('tells an error when its session was closed before', async () => {
    const session = new Session(world.process('a'));
    await world.settled(session.close());
    const coordinator = new EtcdRunCoordinator(session, 'cron');
    const story = record(coordinator.election, ['error']);
    await world.advance(10);
    expect(story).to.deep.equal(['error: STOPPED']);
    await stop(coordinator);
  });

  for (const [what, wrong, message] of [
    ['no client', () => new EtcdRunCoordinator({} as never, 'cron'), '`etcd` must be'],
    ['no name', () => make('a') && new EtcdRunCoordinator(world.process('b'), ''), '`name` must be'],
    [
      'observe: false',
      () => new EtcdRunCoordinator(world.process('a'), 'cron', { observe: false } as RunCoordinatorOptions),
      '`observe` must be true for a coordinator; got false',
    ],
  ] as const) {
    it(`refuses ${what} at once`, () => {
      expect(wrong).to.throw(message).with.property('code', 'INVALID_OPTION');
    });
  }

  it('refuses a job that is no function, and a key that is no string', async () => {
    const coordinator = make('a');
    expect(() => coordinator.guard('report' as never)).to.throw('`job` must be a function; got "report"');
    expect(await world.refusal(coordinator.shouldRun(17 as never, 1))).to.equal('INVALID_OPTION');
    await stop(coordinator);
  });
});
