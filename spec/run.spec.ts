import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { record } from './support/story.js';
import { newTask } from './support/task.js';
import { settle } from './support/virtual-time.js';
import { aborted } from './support/wait.js';
import { type Process, World } from './support/world.js';

describe('run()', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  const build = (options = {}): void => {
    world = new World();
    ({ election, ...process } = world.candidate('a', options));
    story = record(election, ['elected', 'unelected', 'error']);
  };
  beforeEach(() => build());
  const nothingLeft = async (): Promise<void> => {
    await world.advance(10);
    world.expectNothingLeft(election, process);
  };
  const task = () => newTask(story);

  it('joins, runs the task when elected, releases, and resolves with the result', async () => {
    const { work, terms } = task();
    const running = election.run(work);
    await world.begun(terms);
    expect(terms[0]?.leadership).to.equal(election.leadership);
    expect(election.isLeader()).to.equal(true);
    terms[0]?.end('result');
    expect(await world.settled(running)).to.equal('result');
    expect(story).to.deep.equal(['elected with token 2', 'task begins', 'signal: STOPPED', 'unelected: STOPPED']);
    await nothingLeft();
  });

  it('takes a task that returns no promise', async () => {
    expect(await world.settled(election.run(({ fencingToken }) => fencingToken))).to.equal(2n);
    await nothingLeft();
  });

  it('begins at once with a candidate that leads already', async () => {
    await world.queued(election);
    const { work, terms } = task();
    const running = election.run(work);
    await settle();
    expect(terms).to.have.length(1);
    terms[0]?.end();
    await world.settled(running);
  });

  for (const throws of ['throws', 'rejects'] as const) {
    it(`resigns and rejects with the task's own error when it ${throws}`, async () => {
      const err = new Error('mine');
      const running = election.run(() => {
        if (throws === 'throws') throw err;
        return Promise.reject(err);
      });
      const failure = await world.settled(running.catch((reason: unknown) => reason));
      expect(failure).to.equal(err);
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED']);
      await nothingLeft();
    });
  }

  it('holds the key until the task has settled; until then the lease is refreshed and nobody else leads', async () => {
    build({ releaseTimeout: 60_000 });
    const next = world.candidate('b').election;
    const { work, terms } = task();
    const running = election.run(work);
    await world.begun(terms);
    await world.queued(next);
    const stopping = election.stop();
    expect(story.slice(2)).to.deep.equal(['signal: STOPPED', 'unelected: STOPPED']);
    const before = process.store.requests.keepAlive;
    await world.advance(40_000);
    expect(process.store.requests.keepAlive - before).to.be.within(11, 13);
    expect([next.isLeader(), election.state, election.isLeader()]).to.deep.equal([false, 'leaving', false]);
    terms[0]?.end();
    await world.until(() => next.isLeader(), 'the next leads', 10);
    expect(await world.settled(running)).to.equal(undefined);
    await world.settled(stopping);
  });

  it('releases after releaseTimeout all the same, to the millisecond, and says so', async () => {
    build({ releaseTimeout: 2_000 });
    const next = world.candidate('b').election;
    const { work, terms } = task();
    const running = election.run(work);
    await world.begun(terms);
    await world.queued(next);
    void election.stop();
    await world.advance(1_999);
    expect(story.at(-1)).to.equal('unelected: STOPPED');
    await world.advance(1);
    expect(story.at(-1)).to.equal('error: RELEASE_TIMEOUT');
    await world.until(() => next.isLeader(), 'the next leads', 10);
    expect(await world.settled(running)).to.equal(undefined);
    terms[0]?.end();
  });

  it('does not begin another task beside one that outlives its release', async () => {
    build({ releaseTimeout: 0 });
    const first = task();
    const running = election.run(first.work);
    await world.begun(first.terms);
    void election.stop();
    await world.settled(running);
    const second = task();
    expect(await world.refusal(election.run(second.work))).to.equal('INVALID_OPTION');
    first.terms[0]?.end();
    await settle();
    const again = election.run(second.work);
    await world.begun(second.terms);
    second.terms[0]?.end();
    await world.settled(again);
  });

  it('refuses a second run() while the first is under way, and the first goes on', async () => {
    const { work, terms } = task();
    const running = election.run(work);
    const err = await election.run(() => 'second').catch((reason: unknown) => reason);
    expect(err).to.include({ code: 'INVALID_OPTION' });
    await world.begun(terms);
    expect(await world.refusal(election.run(() => 'second'))).to.equal('INVALID_OPTION');
    terms[0]?.end();
    expect(await world.settled(running)).to.equal('done');
  });

  it('can be called again when an earlier run() has ended', async () => {
    expect(await world.settled(election.run(() => 'one'))).to.equal('one');
    expect(await world.settled(election.run(() => 'two'))).to.equal('two');
    expect(story.filter((line) => line.startsWith('elected'))).to.have.length(2);
  });

  it('refuses what is no function, and what is no signal, by name', async () => {
    const err = await election.run('work' as never).catch((reason: unknown) => reason);
    expect(err).to.include({ code: 'INVALID_OPTION', message: '`task` must be a function; got "work"' });
    expect(await world.refusal(election.run(() => 1, { signal: {} as never }))).to.equal('INVALID_OPTION');
    expect(election.state).to.equal('idle');
  });

  it('resolves with undefined when the candidate is stopped while it waits', async () => {
    const first = world.candidate('first').election;
    await world.queued(first);
    const running = election.run(() => 'never');
    await world.until(() => election.state === 'waiting', 'it waits');
    const stopping = election.stop();
    expect(await world.settled(running)).to.equal(undefined);
    await world.settled(stopping);
  });

  for (const requeue of [true, false]) {
    it(`needs no catch for a planned stop, with requeue: ${requeue}`, async () => {
      const given = new Error('the task is aborted');
      const running = election.run(
        ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(given))),
        { requeue },
      );
      await world.until(() => election.isLeader(), 'it leads');
      await world.settled(election.stop()); // an unhandled rejection would fail this spec
      expect(await running).to.equal(undefined);
      await nothingLeft();
    });
  }

  it('needs no catch when its session is closed, also at once', async () => {
    for (const ms of [0, 50]) {
      const { session } = world.session(`s${ms}`);
      const running = new Election(session, 'jobs').run(({ signal }) => aborted(signal));
      await world.advance(ms);
      await world.settled(session.close());
      expect(await world.settled(running)).to.equal(undefined);
    }
  });

  it('rejects with STOPPED on a session that was closed before: it could never run', async () => {
    const { session } = world.session('s');
    await world.settled(session.close());
    const shared = new Election(session, 'jobs');
    const errors = record(shared, ['error']);
    expect(await world.refusal(shared.run(() => 'never'))).to.equal('STOPPED');
    expect([shared.state, errors]).to.deep.equal(['idle', []]);
  });

  it('called during stop() begins after it', async () => {
    await world.queued(election);
    const stopping = election.stop();
    const running = election.run(({ fencingToken }) => fencingToken);
    await world.settled(stopping);
    expect(await world.settled(running)).to.equal(4n);
    await nothingLeft();
  });

  it('ends with stop(), also when the candidate is started again at once', async () => {
    await world.queued(election);
    let runs = 0;
    const running = election.run(async ({ signal }) => {
      runs++;
      await aborted(signal);
      return 'not this';
    });
    const stopping = election.stop();
    election.start();
    await world.settled(stopping);
    expect(await running).to.equal(undefined);
    await world.until(() => election.isLeader(), 'it leads again');
    expect(runs).to.equal(1);
    await world.settled(election.stop());
    await nothingLeft();
  });
});
