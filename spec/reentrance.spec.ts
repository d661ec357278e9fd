import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import { record } from './support/story.js';
import { type Process, World } from './support/world.js';

describe('calls from listeners', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  beforeEach(() => {
    world = new World();
    ({ election, ...process } = world.candidate('a'));
    story = record(election, ['elected', 'unelected', 'error']);
  });
  const nothingLeft = (): void => world.expectNothingLeft(election, process);

  it('stop() inside elected ends the term, and is told after everybody has heard of its beginning', async () => {
    const order: string[] = [];
    election.on('elected', () => {
      order.push('first listener');
      void election.stop();
      order.push(`stopped: ${election.state}, ${election.isLeader()}`);
    });
    election.on('elected', () => order.push('second listener'));
    election.on('unelected', () => order.push('unelected'));
    election.start();
    await world.advance(50);
    expect(order).to.deep.equal(['first listener', 'stopped: leaving, false', 'second listener', 'unelected']);
    nothingLeft();
  });

  it('stop() inside elected keeps the task of run() from beginning', async () => {
    election.on('elected', () => void election.stop());
    let begun = false;
    const running = election.run(() => {
      begun = true;
    });
    expect(await world.settled(running)).to.equal(undefined);
    expect(begun).to.equal(false);
  });

  it('stop() inside elected rejects the waiting calls of elected(), which would find no leader', async () => {
    election.on('elected', () => void election.stop());
    expect(await world.refusal(election.start().elected())).to.equal('STOPPED');
  });

  it('start() inside unelected brings a stopped candidate back', async () => {
    election.once('unelected', () => election.start());
    await world.queued(election);
    await world.settled(election.stop());
    await world.until(() => election.isLeader(), 'it leads again', 100);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED', 'elected with token 4']);
  });

  it('stop() inside unelected keeps a candidate that lost its lease from queueing again', async () => {
    election.on('unelected', () => void election.stop());
    await world.queued(election);
    world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
    await world.advance(1_000);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: LEASE_LOST']);
    nothingLeft();
  });

  it('stepDown() inside elected hands over, once', async () => {
    election.once('elected', () => void election.stepDown());
    election.start();
    await world.advance(100);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: STEPPED_DOWN', 'elected with token 4']);
  });

  it('stepDown() inside unelected is refused: there is nothing to step down from', async () => {
    const codes: string[] = [];
    election.once('unelected', () => {
      election.stepDown().catch(({ code }) => codes.push(code));
    });
    await world.queued(election);
    await world.settled(election.stop());
    expect(codes).to.deep.equal(['NOT_LEADER']);
  });

  it('proclaim() inside elected is announced', async () => {
    election.once('elected', () => void election.proclaim('new'));
    await world.queued(election);
    await world.advance(10);
    expect(election.currentLeader()).to.equal('new');
  });

  it('elected() inside elected is settled with this term', async () => {
    const tokens: bigint[] = [];
    election.on('elected', () => void election.elected().then(({ fencingToken }) => tokens.push(fencingToken)));
    await world.queued(election);
    expect(tokens).to.deep.equal([2n]);
  });

  it('run() inside elected begins in this term', async () => {
    const tokens: bigint[] = [];
    let running: Promise<unknown> | undefined;
    election.once('elected', () => {
      running = election.run(({ fencingToken }) => tokens.push(fencingToken));
    });
    election.start();
    await world.advance(50);
    await world.settled(running ?? Promise.reject(new Error('not called')));
    expect(tokens).to.deep.equal([2n]);
  });

  it('stop() inside error ends the attempts', async () => {
    process.store.network = 'down';
    election.on('error', () => void election.stop());
    election.start();
    await world.advance(10_000);
    expect(story).to.deep.equal(['error: UNAVAILABLE']);
    expect(process.clock.timers).to.deep.equal([]);
  });

  it('stop() inside refresh, suspended and resumed ends it cleanly', async () => {
    for (const event of ['refresh', 'suspended', 'resumed'] as const) {
      const one = world.candidate(event);
      one.election.once(event, () => void one.election.stop());
      await world.queued(one.election);
      if (event !== 'refresh') one.store.faults.next('keepAlive', 'fail');
      await world.advance(4_000);
      expect([event, one.election.state, one.clock.timers]).to.deep.equal([event, 'idle', []]);
    }
  });

  it('stop() inside leader ends it cleanly', async () => {
    election.once('leader', () => void election.stop());
    election.start();
    await world.advance(100);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED']);
    nothingLeft();
  });

  it('the state is in force before it is told', async () => {
    const states: unknown[] = [];
    election.on('elected', (term) =>
      states.push(['elected', election.state, election.isLeader(), election.leadership === term, term.isCurrent()]),
    );
    election.on('unelected', (term) =>
      states.push(['unelected', election.isLeader(), election.leadership, term.isCurrent(), term.signal.aborted]),
    );
    await world.queued(election);
    await world.settled(election.stop());
    expect(states).to.deep.equal([
      ['elected', 'leading', true, true, true],
      ['unelected', false, undefined, false, true],
    ]);
  });

  it('a listener that throws, in any of them, changes nothing', async () => {
    for (const event of ['elected', 'unelected', 'leader', 'refresh', 'error'] as const) {
      election.on(event, () => {
        throw new Error('mine');
      });
    }
    await world.queued(election);
    await world.advance(10_000);
    expect(election.isLeader()).to.equal(true);
    await world.settled(election.stop());
    await world.advance(10);
    nothingLeft();
  });
});
