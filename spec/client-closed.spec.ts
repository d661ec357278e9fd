import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { environmentOf } from '../lib/environment.js';
import { Session } from '../lib/session.js';
import { ClientClosed } from '../lib/store/store.js';
import { View } from '../lib/view/view.js';
import { PoolWorld } from './support/pool/pool-world.js';
import { record } from './support/story.js';
import { type Process, recordLog, World } from './support/world.js';

const CLOSED = { error: new ClientClosed('UNAVAILABLE', 'the client is closed') };

/** The user closes the client, whatever is under way. */
function close({ store }: Process): void {
  store.faults.all = CLOSED;
  store.breakStreams();
}

describe('a candidate whose client is closed', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  const expectOver = (election: Election, { store, clock }: Process): void => {
    expect([election.state, election.isRunning(), store.open, clock.timers]).to.deep.equal(['idle', false, [], []]);
  };

  for (const isHeard of [true, false]) {
    const told = isHeard ? 'by error' : 'by the log when nobody listens';
    it(`ends when it is started afterwards, says so once, ${told}, and lets nobody wait for ever`, async () => {
      const logger = recordLog();
      const { election, ...process } = world.candidate('a', { logger });
      const errors: string[] = [];
      if (isHeard) election.on('error', ({ message }) => errors.push(message));
      close(process);
      const elected = election.start().elected();
      expect(await world.refusal(elected)).to.equal('UNAVAILABLE');
      await world.advance(60_000);
      expect(errors).to.deep.equal(isHeard ? ['the client is closed'] : []);
      expect(logger.messages('error')).to.deep.equal(isHeard ? [] : ['no lease granted']);
      expectOver(election, process);
    });

    it(`lets a later run() reject with UNAVAILABLE, ${told}`, async () => {
      const { election, ...process } = world.candidate('a', { logger: recordLog() });
      if (isHeard) election.on('error', () => {});
      close(process);
      expect(await world.refusal(election.run(() => 'never'))).to.equal('UNAVAILABLE');
      expectOver(election, process);
    });
  }

  it('leads until its deadline and ends then, when the client is closed while it leads', async () => {
    const { election, ...process } = world.candidate('a');
    const story = record(election, ['elected', 'unelected', 'error']);
    await world.queued(election);
    close(process);
    await world.advance(7_000);
    expect(election.isLeader()).to.equal(true);
    await world.advance(20_000);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: LEASE_EXPIRED', 'error: UNAVAILABLE']);
    expectOver(election, process);
  });

  it('ends with its lease when the client is closed while it waits', async () => {
    await world.queued(world.candidate('other').election);
    const { election, ...process } = world.candidate('a', { logger: recordLog() });
    await world.queued(election);
    close(process);
    await world.advance(30_000);
    expectOver(election, process);
  });

  it('ends when the client is closed while it joins with the lease of a session', async () => {
    const process = world.process('a');
    const session = new Session(process, { logger: recordLog() });
    await world.queued(new Election(session, 'others'));
    const election = new Election(session, 'jobs');
    close(process);
    election.start();
    await world.advance(1_000);
    expect(election.state).to.equal('idle');
    await world.advance(30_000);
    expectOver(election, process);
  });
});

describe('a worker of a pool whose client is closed', () => {
  for (const isHeard of [true, false]) {
    it(`ends with its lease, ${isHeard ? 'by error' : 'by the log when nobody listens'}`, async () => {
      const world = new PoolWorld(2);
      const logger = recordLog();
      const { pool, ...process } = world.worker('a', { logger });
      if (isHeard) pool.on('error', () => {});
      const running = pool.run(() => {});
      await world.until(() => pool.owned.size === 2, 'it owns all');
      close(process);
      expect(await world.refusal(running)).to.equal('UNAVAILABLE');
      await world.advance(30_000);
      expect([pool.state, pool.isRunning(), process.store.open]).to.deep.equal(['idle', false, []]);
      expect(process.clock.timers).to.deep.equal([]);
    });
  }
});

describe('one that follows on a client that is closed', () => {
  const names = ['a leader', 'a pool'] as const;
  const follow = async (what: (typeof names)[number]) => {
    const world = new PoolWorld(2);
    const { pool, ...process } = world.worker('a', { logger: recordLog() });
    const election = new Election(process, 'jobs');
    const errors: unknown[] = [];
    pool.on('error', (error) => errors.push(error));
    election.on('error', (error) => errors.push(error));
    const loop: AsyncIterator<unknown, unknown> = what === 'a leader' ? election.observe() : pool.observe();
    await world.settled(loop.next());
    return { world, process, loop, errors };
  };

  for (const what of names) {
    it(`is told by the loop: observe() of ${what} rejects with UNAVAILABLE, once, and then is done`, async () => {
      const { world, process, loop, errors } = await follow(what);
      const next = loop.next();
      close(process);
      expect(await world.refusal(next)).to.equal('UNAVAILABLE');
      expect(await loop.next()).to.deep.equal({ done: true, value: undefined });
      await world.advance(10_000);
      expect([errors, process.store.open, process.clock.timers]).to.deep.equal([[], [], []]);
    });

    it(`is told when it asks for the next change of ${what}, though nobody waited at the time`, async () => {
      const { world, process, loop } = await follow(what);
      close(process);
      await world.advance(10_000);
      expect(await world.refusal(loop.next())).to.equal('UNAVAILABLE');
      expect(await loop.next()).to.deep.equal({ done: true, value: undefined });
    });
  }

  it('is told at the first read, when the client was closed before', async () => {
    const world = new PoolWorld(2);
    const { pool, ...process } = world.worker('a', { logger: recordLog() });
    close(process);
    for (const loop of [new Election(process, 'jobs').observe(), pool.observe()]) {
      expect(await world.refusal(loop.next())).to.equal('UNAVAILABLE');
    }
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });

  it('is told by the view, once, and the view ends', async () => {
    const world = new World();
    const process = world.process('viewer');
    const view = new View(environmentOf(process), '');
    const errors: string[] = [];
    view.on('error', ({ message }) => errors.push(message));
    await world.settled(view.start());
    close(process);
    await world.advance(60_000);
    expect([errors, process.store.open, process.clock.timers]).to.deep.equal([['the client is closed'], [], []]);
  });

  it('is not kept waiting for the first picture of the view', async () => {
    const world = new World();
    const process = world.process('viewer');
    close(process);
    expect(await world.refusal(new View(environmentOf(process), '').start())).to.equal('UNAVAILABLE');
    expect(process.clock.timers).to.deep.equal([]);
  });

  it('is told by ask(), which waits for the next leader', async () => {
    const world = new World();
    const { election: leader } = world.candidate('leader', { logger: recordLog() });
    const running = leader.run(() => new Promise<void>(() => {}));
    await world.advance(100);
    const { election, ...process } = world.candidate('other', { logger: recordLog() });
    const asked = election.ask();
    await world.advance(1_000);
    close(process);
    expect(await world.refusal(asked)).to.equal('UNAVAILABLE');
    await world.advance(60_000);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    void running;
  });
});
