import { expect } from 'chai';
import { Refresher } from '../lib/lease/refresher.js';
import { tracked } from './support/track.js';
import { type Process, World } from './support/world.js';

describe('the refresher', () => {
  let world: World;
  let process: Process;
  let story: string[];
  let refresher: Refresher;
  const ID = 31n;

  /** A lease of 9 s granted at 0, refreshed at 3000, 6000 ...; a message takes 1 ms each way. */
  const build = async (etcdTtl = 9): Promise<void> => {
    world = new World();
    process = world.process('one');
    story = [];
    await world.settled(process.store.grant(ID, etcdTtl));
    refresher = tracked(
      new Refresher(
        process.store,
        process.clock,
        ID,
        { sentAt: 0, ttl: 9 },
        {
          refreshing: () => story.push(`${world.now} refreshing`),
          refreshed: ({ sentAt, ttl }) => story.push(`${world.now} refreshed, sent at ${sentAt}, ${ttl} s`),
          lost: ({ code }, mayLive) => {
            story.push(`${world.now} ${code}, ${mayLive ? 'and etcd may have it still' : 'gone'}`);
            refresher.close();
          },
          failed: ({ code, message }) => story.push(`${world.now} ${code}: ${/\((.*)\)/.exec(message)?.[1]}`),
        },
      ),
    );
  };
  beforeEach(() => build());

  it('refreshes every third of the TTL, counted from the sending of the one before', async () => {
    await world.runUntil(2_999);
    expect(story).to.deep.equal([]);
    await world.runUntil(6_002);
    expect(story).to.deep.equal([
      '3000 refreshing',
      '3002 refreshed, sent at 3000, 9 s',
      '6000 refreshing',
      '6002 refreshed, sent at 6000, 9 s',
    ]);
    expect(process.store.requests).to.include({ keepAlive: 2, keepAliveStream: 1 });
  });

  it('goes by the TTL in the reply when that is shorter', async () => {
    await build(6);
    await world.runUntil(7_002);
    expect(story).to.deep.equal([
      '3000 refreshing',
      '3002 refreshed, sent at 3000, 6 s',
      '5000 refreshing',
      '5002 refreshed, sent at 5000, 6 s',
      '7000 refreshing',
      '7002 refreshed, sent at 7000, 6 s',
    ]);
  });

  it('refreshes no less often when the TTL in the reply is longer', async () => {
    await build(30);
    await world.runUntil(6_000);
    expect(story).to.deep.equal(['3000 refreshing', '3002 refreshed, sent at 3000, 30 s', '6000 refreshing']);
  });

  it('waits for an answer for a sixth of the TTL, and then tries another stream, elsewhere', async () => {
    process.store.faults.next('keepAlive', 'hang', (request) => 'what' in request && request.what === 'refresh');
    await world.runUntil(4_499);
    expect(story).to.deep.equal(['3000 refreshing']);
    await world.runUntil(4_552);
    expect(story).to.deep.equal([
      '3000 refreshing',
      '4500 UNAVAILABLE: no answer within 1500 ms',
      '4552 refreshed, sent at 4550, 9 s',
    ]);
    expect(process.store.requests).to.include({ keepAlive: 2, keepAliveStream: 2 });
    expect(process.store.open, 'the silent stream is closed').to.have.length(1);
  });

  it('goes on from the sending of the repeated refresh', async () => {
    process.store.faults.next('keepAlive', 'lose reply');
    await world.runUntil(7_550);
    expect(story.slice(2)).to.deep.equal(['4552 refreshed, sent at 4550, 9 s', '7550 refreshing']);
  });

  it('lets an answer that comes late count from its own sending, and drops the repeated request', async () => {
    process.store.faults.next('keepAlive', { lateBy: 1_600 });
    process.store.faults.next('keepAlive', { lateBy: 1_000 });
    await world.runUntil(6_002);
    expect(story).to.deep.equal([
      '3000 refreshing',
      '4500 UNAVAILABLE: no answer within 1500 ms',
      '4602 refreshed, sent at 3000, 9 s',
      '6000 refreshing',
      '6002 refreshed, sent at 6000, 9 s',
    ]);
    expect(process.store.open).to.have.length(1);
  });

  it('refreshes at once when the late answer is older than a third of the TTL', async () => {
    process.store.faults.next('keepAlive', { lateBy: 3_200 });
    process.store.faults.next('keepAlive', 'lose reply');
    process.store.faults.next('keepAlive', 'lose reply');
    await world.runUntil(6_204);
    expect(story.slice(2)).to.deep.equal([
      '6050 UNAVAILABLE: no answer within 1500 ms',
      '6202 refreshed, sent at 3000, 9 s',
      '6202 refreshing',
      '6204 refreshed, sent at 6202, 9 s',
    ]);
  });

  it('tries again 50 ms after a stream breaks, until it is closed', async () => {
    process.store.faults.keepAlive = 'fail';
    await world.runUntil(3_152);
    expect(story).to.deep.equal([
      '3000 refreshing',
      '3001 UNAVAILABLE: undefined',
      '3052 UNAVAILABLE: undefined',
      '3103 UNAVAILABLE: undefined',
    ]);
    process.store.faults.keepAlive = 'ok';
    await world.runUntil(3_155);
    expect(story.at(-1)).to.equal('3155 refreshed, sent at 3153, 9 s');
  });

  it('does not open a stream that broke before it is needed again', async () => {
    await world.runUntil(3_500);
    process.store.breakStreams();
    await world.runUntil(5_999);
    expect(process.store.requests).to.include({ keepAlive: 1, keepAliveStream: 1 });
    expect(story).to.have.length(2);
    await world.runUntil(6_002);
    expect(story.at(-1)).to.equal('6002 refreshed, sent at 6000, 9 s');
    expect(process.store.requests).to.include({ keepAlive: 2, keepAliveStream: 2 });
  });

  it('says that the lease is gone when the reply has no TTL', async () => {
    world.etcd.revoke(ID);
    await world.runUntil(20_000);
    expect(story).to.deep.equal(['3000 refreshing', '3002 LEASE_LOST, gone']);
    expect([process.clock.timers, process.store.open]).to.deep.equal([[], []]);
  });

  it('refreshes at once when asked to, and then a third of the TTL later', async () => {
    await world.runUntil(1_000);
    refresher.refresh();
    refresher.refresh();
    await world.runUntil(4_000);
    expect(story).to.deep.equal(['1002 refreshed, sent at 1000, 9 s', '4000 refreshing']);
    expect(process.store.requests.keepAlive).to.equal(2);
  });

  it('leaves nothing running when it is closed with answers on their way', async () => {
    process.store.faults.keepAlive = { lateBy: 2_000 };
    await world.runUntil(4_600);
    refresher.close();
    refresher.refresh();
    await world.runUntil(20_000);
    expect(story).to.have.length(2);
    expect([process.clock.timers, process.store.open]).to.deep.equal([[], []]);
  });

  it('sends nothing when it is closed by the handler that it tells that it is about to send', async () => {
    const closing = new Refresher(
      process.store,
      process.clock,
      ID,
      { sentAt: 0, ttl: 9 },
      {
        refreshing: () => closing.close(),
        refreshed: () => story.push('refreshed'),
        lost: () => story.push('lost'),
        failed: () => story.push('failed'),
      },
    );
    refresher.close();
    await world.runUntil(20_000);
    expect(story).to.deep.equal([]);
    expect(process.store.requests.keepAlive).to.equal(0);
  });
});
