import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import type { ElectionError } from '../lib/errors.js';
import { newTask } from './support/task.js';
import { type Process, World } from './support/world.js';

describe('run({ wait })', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  beforeEach(() => {
    world = new World();
    ({ election, ...process } = world.candidate('a'));
    story = [];
  });
  const other = async (): Promise<Election> => {
    const { election } = world.candidate('other');
    await world.queued(election);
    return election;
  };
  /** Waits for what `run()` comes to: the result of the task, or the error. */
  const outcome = (wait: number): Promise<string | ElectionError | undefined> => {
    const running = election.run(() => 'done', { wait });
    return world.settled(running.catch((reason: ElectionError) => reason));
  };
  const nothingLeft = async (): Promise<void> => {
    await world.advance(10);
    expect([election.state, process.store.open, process.clock.timers]).to.deep.equal(['idle', [], []]);
  };

  for (const wait of [0, 1, 5_000]) {
    it(`runs the task with wait: ${wait} when nobody else leads`, async () => {
      expect(await outcome(wait)).to.equal('done');
      await nothingLeft();
    });
  }

  it('rejects with TIMEOUT at once with wait: 0 when another leads, and leaves the queue', async () => {
    const leader = await other();
    const startedAt = world.now;
    const { code, message, cause } = (await outcome(0)) as ElectionError;
    expect([code, message, cause]).to.deep.equal([
      'TIMEOUT',
      'not elected within 0 ms: another candidate is before this one',
      undefined,
    ]);
    expect(world.now - startedAt).to.be.lessThan(50);
    expect((await world.settled(leader.candidates())).map(({ value }) => value)).to.deep.equal(['other']);
    await nothingLeft();
  });

  it('waits to the millisecond, and not longer', async () => {
    await other();
    const startedAt = world.now;
    let hasSettled = false;
    const running = election
      .run(() => 'done', { wait: 5_000 })
      .catch(({ code }) => code)
      .finally(() => {
        hasSettled = true;
      });
    await world.runUntil(startedAt + 4_999);
    expect([election.state, hasSettled]).to.deep.equal(['waiting', false]);
    await world.advance(1);
    expect(election.state).to.equal('leaving');
    expect(await world.settled(running)).to.equal('TIMEOUT');
    await nothingLeft();
  });

  it('runs the task when the leader goes in time', async () => {
    const leader = await other();
    const running = outcome(5_000);
    await world.advance(4_000);
    void leader.stop();
    expect(await running).to.equal('done');
  });

  it('counts until the task begins for the first time, and not what it takes', async () => {
    const { work, terms } = newTask(story);
    const running = election.run(work, { wait: 1_000 });
    await world.begun(terms);
    await world.advance(60_000);
    terms[0]?.end('late');
    expect(await world.settled(running)).to.equal('late');
  });

  it('sets no limit to the wait for the next term, when leadership was lost', async () => {
    const { work, terms } = newTask(story);
    const running = election.run(work, { wait: 1_000 });
    await world.begun(terms);
    await world.queued(world.candidate('other').election);
    world.etcd.delete(election.key ?? '');
    await world.advance(100);
    terms[0]?.end('not counted');
    await world.advance(60_000);
    expect(election.state).to.equal('waiting');
    void election.stop();
    expect(await world.settled(running)).to.equal(undefined);
  });

  it('rejects with TIMEOUT when etcd does not answer, with what it has said as the cause', async () => {
    process.store.network = 'silent';
    const startedAt = world.now;
    const error = (await outcome(0)) as ElectionError;
    expect(error.code).to.equal('TIMEOUT');
    expect((error.cause as ElectionError).code).to.equal('UNAVAILABLE');
    expect(world.now - startedAt).to.be.lessThan(15_000);
  });

  it('leaves the first attempt to join its time, however slow etcd is', async () => {
    process.store.lag = 400;
    expect(await outcome(0)).to.equal('done');
  });

  it('counts for a candidate that was started before, too', async () => {
    await other();
    await world.queued(election);
    expect(await world.refusal(election.run(() => 'done', { wait: 0 }))).to.equal('TIMEOUT');
    expect(election.isRunning()).to.equal(false);
  });

  it('does not change why a run ends that is stopped meanwhile', async () => {
    await other();
    const running = election.run(() => 'done', { wait: 5_000 });
    await world.advance(4_999);
    process.store.network = 'silent';
    const stopped = election.stop();
    await world.advance(100);
    election.start();
    expect(await world.settled(running)).to.equal(undefined);
    await world.settled(stopped);
    expect(election.isRunning()).to.equal(true);
    process.store.network = 'up';
    await world.settled(election.stop());
  });

  for (const [wait, shown] of [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['5s', '"5s"'],
    [2 ** 31, '2147483648'],
  ] as const) {
    it(`refuses a wait of ${shown}`, async () => {
      const error = await election.run(() => {}, { wait: wait as number }).catch((reason: ElectionError) => reason);
      expect(error).to.include({
        code: 'INVALID_OPTION',
        message: `\`wait\` must be a number of milliseconds from 0 to 2147483647; got ${shown}`,
      });
    });
  }
});
