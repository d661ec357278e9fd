import { expect } from 'chai';
import { PoolWorld } from '../support/pool/pool-world.js';
import { recordLog } from '../support/world.js';

describe('a worker of a pool', () => {
  it('owns a partition by the clock, to the millisecond, and asks nobody', async () => {
    const world = new PoolWorld(1);
    const a = world.worker('a');
    await world.balanced([a]);
    const before = { ...a.store.requests };
    expect([a.pool.owns(0), a.pool.owns('0'), a.pool.owns(1)]).to.deep.equal([true, true, false]);
    expect(a.store.requests).to.deep.equal(before);

    a.clock.pause();
    const left = a.pool.owned.get('0')?.expiresIn() ?? 0;
    await world.advance(left - 1);
    expect(a.pool.owns(0)).to.equal(true);
    await world.advance(1);
    expect(a.pool.owns(0)).to.equal(false);
    expect(a.pool.owned.size, 'nothing has run that could have told').to.equal(1);
    a.clock.resume();
    await world.until(() => a.pool.owned.size === 0, 'it is told');
    world.expectPaired();
  });

  it('logs a mistake of this library that keeps it from joining, and joins all the same', async () => {
    const world = new PoolWorld(1);
    const logger = recordLog();
    const a = world.worker('a', { logger });
    const codes: string[] = [];
    a.pool.on('error', ({ code }) => codes.push(code));
    a.store.faults.next('txn', { error: new TypeError('a surprise') });
    await world.balanced([a]);
    expect(codes).to.deep.equal(['UNAVAILABLE']);
    expect(logger.messages('error')).to.deep.equal(['a mistake of this library: joining again']);
  });

  it('loses everything, when it is cut off, a quarter of the TTL before anybody else can own it', async () => {
    const world = new PoolWorld(2);
    const [a, b] = [world.worker('a'), world.worker('b')];
    await world.balanced([a, b]);
    const at: Record<string, number> = {};
    a.pool.on('lost', ({ partition, signal }, { code }) => {
      expect([signal.aborted, code]).to.deep.equal([true, 'LEASE_EXPIRED']);
      at[`lost ${partition}`] = world.now;
    });
    b.pool.on('gained', ({ partition }) => {
      at[`gained ${partition}`] = world.now;
    });
    const [partition] = a.pool.owned.keys();
    a.store.network = 'silent';
    await world.until(() => b.pool.owned.size === 2, 'the other owns both');
    expect(Number(at[`gained ${partition}`]) - Number(at[`lost ${partition}`])).to.be.within(2_500, 3_100);
    a.store.network = 'up';
    await world.settled(a.pool.stop());
  });

  it('tells of refreshes, and once each that etcd does not answer and that it answers again', async () => {
    const world = new PoolWorld(2);
    const a = world.worker('a');
    await world.balanced([a]);
    const story: string[] = [];
    a.pool.on('suspended', ({ code }) => story.push(`suspended ${code}`));
    a.pool.on('resumed', () => story.push('resumed'));
    a.pool.on('refresh', ({ roundTrip, expiresIn }) => {
      expect([roundTrip > 0, expiresIn > 7_000]).to.deep.equal([true, true]);
      if (story.at(-1) !== 'refresh') story.push('refresh');
    });
    await world.until(() => story.length === 1, 'it is refreshed');
    a.store.network = 'silent';
    await world.until(() => story.includes('suspended UNAVAILABLE'), 'it is suspended');
    a.store.network = 'up';
    await world.until(() => story.includes('resumed'), 'it is resumed');
    await world.advance(10_000);
    expect(story.filter((line) => line !== 'refresh')).to.deep.equal(['suspended UNAVAILABLE', 'resumed']);
    expect([story[0], story.at(-1)]).to.deep.equal(['refresh', 'refresh']);
    expect([a.pool.owned.size, a.story]).to.deep.equal([2, ['+ 0', '+ 1']]);
  });

  it('tells nobody who does not listen any more, and once who listens once', async () => {
    const world = new PoolWorld(3);
    const a = world.worker('a');
    const told: string[] = [];
    const [ended, removed] = [() => told.push('off'), () => told.push('removed')];
    a.pool.on('gained', ended).on('gained', removed);
    a.pool.once('gained', () => told.push('once')).on('gained', () => told.push('on'));
    a.pool.off('gained', ended).removeListener('gained', removed);
    await world.balanced([a]);
    expect(told.sort()).to.deep.equal(['on', 'on', 'on', 'once']);
  });

  it('is the same when it is started twice, and stopped twice', async () => {
    const world = new PoolWorld(3);
    const a = world.worker('a');
    expect(a.pool.start().start()).to.equal(a.pool);
    await world.balanced([a]);
    expect([a.story.length, world.etcd.keys('p/members/').length]).to.deep.equal([3, 1]);
    await world.settled(Promise.all([a.pool.stop(), a.pool.stop()]));
    await world.settled(a.pool.stop());
    expect([a.pool.state, a.story.length, world.etcd.keys()]).to.deep.equal(['idle', 6, []]);
  });

  it('leaves when it is disposed of', async () => {
    const world = new PoolWorld(3);
    const a = world.worker('a');
    await world.balanced([a]);
    await world.settled(a.pool[Symbol.asyncDispose]());
    expect([a.pool.state, a.pool.isRunning(), world.etcd.keys()]).to.deep.equal(['idle', false, []]);
  });
});
