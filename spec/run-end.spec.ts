import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import type { Leadership } from '../lib/leadership.js';
import { record } from './support/story.js';
import { newTask } from './support/task.js';
import { type Process, World } from './support/world.js';

describe('run()', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  beforeEach(() => {
    world = new World();
    ({ election, ...process } = world.candidate('a'));
    story = record(election, ['elected', 'unelected', 'error']);
  });
  const nothingLeft = async (): Promise<void> => {
    await world.advance(10);
    world.expectNothingLeft(election, process);
  };
  const task = () => newTask(story);

  describe('when leadership is lost', () => {
    const lose = (): void => world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);

    it('aborts the signal, awaits the task, queues again and runs it again', async () => {
      const { work, terms } = task();
      const running = election.run(work);
      await world.begun(terms);
      await world.advance(10);
      lose();
      await world.advance(5_000);
      expect(story.slice(2), 'not back in the queue while the task winds down').to.deep.equal([
        'signal: LEASE_LOST',
        'unelected: LEASE_LOST',
      ]);
      expect(world.etcd.keys('jobs/')).to.deep.equal([]);
      terms[0]?.end('of the first term');
      await world.begun(terms, 2);
      terms[1]?.end('of the second term');
      expect(await world.settled(running)).to.equal('of the second term');
      await nothingLeft();
    });

    it('does not take an error of the winding down for a failure of the task', async () => {
      const { work, terms } = task();
      const running = election.run(work);
      await world.begun(terms);
      await world.advance(10);
      lose();
      await world.advance(10);
      terms[0]?.fail(new Error('aborted'));
      await world.begun(terms, 2);
      terms[1]?.end();
      expect(await world.settled(running)).to.equal('done');
    });

    it('rejects with the reason, after the task has settled, when it is not to queue again', async () => {
      const { work, terms } = task();
      const running = election.run(work, { requeue: false }).catch(({ code }) => code);
      let settled = false;
      void running.then(() => {
        settled = true;
      });
      await world.begun(terms);
      await world.advance(10);
      lose();
      await world.advance(5_000);
      expect(settled).to.equal(false);
      terms[0]?.end();
      expect(await world.settled(running)).to.equal('LEASE_LOST');
      expect(terms).to.have.length(1);
      await nothingLeft();
    });

    it('releases the key after the task when stepDown() is called, and runs the task in the next term', async () => {
      const { work, terms } = task();
      const running = election.run(work);
      await world.begun(terms);
      const stepping = election.stepDown();
      await world.advance(1_000);
      expect(story.slice(2)).to.deep.equal(['signal: STEPPED_DOWN', 'unelected: STEPPED_DOWN']);
      expect(world.etcd.keys('jobs/')).to.have.length(1);
      terms[0]?.end();
      await world.settled(stepping);
      await world.begun(terms, 2);
      terms[1]?.end();
      expect(await world.settled(running)).to.equal('done');
    });
  });

  describe('with the signal of a caller', () => {
    const run = (by: AbortController | AbortSignal, work: (leadership: Leadership) => unknown): Promise<unknown> =>
      election.run(work, { signal: by instanceof AbortSignal ? by : by.signal });

    it('does not join when it has aborted before, and resolves with undefined', async () => {
      const controller = new AbortController();
      controller.abort('enough');
      expect(await run(controller, () => {})).to.equal(undefined);
      expect([election.state, process.store.requests.grant]).to.deep.equal(['idle', 0]);
    });

    it('stops a candidate that was started when it has aborted before, as a later abort does', async () => {
      await world.queued(election);
      const resolved = await world.settled(run(AbortSignal.abort('enough'), () => story.push('task begins')));
      expect([resolved, election.state, election.isRunning()]).to.deep.equal([undefined, 'idle', false]);
      expect(story).to.deep.equal(['elected with token 2', 'unelected: ABORTED']);
      await world.advance(2_000);
      await nothingLeft();
    });

    for (const at of [0, 1, 3]) {
      it(`leaves when the signal is aborted ${at} ms after the beginning`, async () => {
        const controller = new AbortController();
        const running = run(controller, () => story.push('task begins'));
        await world.advance(at);
        controller.abort('enough');
        expect(await world.settled(running)).to.equal(undefined);
        expect(story).to.deep.equal([]);
        await world.advance(2_000);
        await nothingLeft();
      });
    }

    it('leaves the queue when the signal is aborted while the candidate waits', async () => {
      const first = world.candidate('first').election;
      await world.queued(first);
      const controller = new AbortController();
      const running = run(controller, () => story.push('task begins'));
      await world.until(() => election.state === 'waiting', 'it waits');
      controller.abort('enough');
      expect(await world.settled(running)).to.equal(undefined);
      await world.advance(10);
      expect([world.etcd.keys('jobs/').length, story]).to.deep.equal([1, []]);
    });

    it('lets the task wind down when the signal is aborted while the task runs', async () => {
      const controller = new AbortController();
      const { work, terms } = task();
      const running = run(controller, work);
      await world.begun(terms);
      const { leadership } = election;
      controller.abort('enough');
      expect(leadership?.signal.reason).to.include({ code: 'ABORTED', cause: 'enough' });
      await world.advance(5_000);
      expect(story.slice(2)).to.deep.equal(['signal: ABORTED', 'unelected: ABORTED']);
      expect(world.etcd.keys('jobs/')).to.have.length(1);
      terms[0]?.end();
      expect(await world.settled(running)).to.equal(undefined);
      await nothingLeft();
    });

    it('leaves the signal alone when it has ended: an abort that comes late stops nothing', async () => {
      const controller = new AbortController();
      expect(await world.settled(run(controller, () => 'result'))).to.equal('result');
      await world.queued(election);
      controller.abort();
      await world.advance(100);
      expect(election.isLeader()).to.equal(true);
    });
  });
});
