import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { Session } from '../lib/session.js';
import { ClientClosed } from '../lib/store/store.js';
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
      await world.settled(running);
      await world.advance(30_000);
      expect([pool.state, pool.isRunning(), process.store.open]).to.deep.equal(['idle', false, []]);
      expect(process.clock.timers).to.deep.equal([]);
    });
  }
});
