import { expect } from 'chai';
import { createClient } from '../lib/client.js';
import { Election } from '../lib/election.js';
import { environmentOf } from '../lib/environment.js';
import { Session } from '../lib/session.js';
import { record } from './support/story.js';
import { tracked } from './support/track.js';
import { World } from './support/world.js';

describe('the environment of a client', () => {
  const client = () => {
    const etcd = createClient({ hosts: 'http://127.0.0.1:1' });
    tracked({ close: () => etcd.close() });
    return etcd;
  };

  it('is shared by all who use the client, so that all know which members do not answer', () => {
    const [one, other] = [client(), client()];
    expect(environmentOf(one)).to.equal(environmentOf(one));
    expect(environmentOf(other).store).not.to.equal(environmentOf(one).store);
    expect(environmentOf(other).leaderWatchers).not.to.equal(environmentOf(one).leaderWatchers);
  });

  it('counts time on one clock, whoever asks', () => {
    expect(environmentOf(client()).clock).to.equal(environmentOf(client()).clock);
  });

  it('is the one that a spec brings, with its clock', () => {
    const process = new World().process('one');
    const { clock, leaderWatchers } = environmentOf(process);
    expect(clock).to.equal(process.clock);
    expect(environmentOf({ ...process }).leaderWatchers).to.equal(leaderWatchers);
  });

  it('refuses a store that is brought a second time with another clock', () => {
    const [process, other] = [new World().process('one'), new World().process('other')];
    environmentOf(process);
    expect(() => environmentOf({ ...process, clock: other.clock })).to.throw('this store goes by another clock');
  });

  it('has one watcher for all sessions whose streams are watched over alike', () => {
    const { watcherFor } = environmentOf(client());
    expect(watcherFor(10_000)).to.equal(watcherFor(10_000));
    expect(watcherFor(15_000)).to.equal(watcherFor(60_000));
    expect(watcherFor(10_000)).not.to.equal(watcherFor(5_000));
    expect(environmentOf(client()).watcherFor(10_000)).not.to.equal(watcherFor(10_000));
  });
});

describe('the sessions of a client', () => {
  const build = (...ttls: readonly number[]) => {
    const world = new World();
    const process = world.process('a');
    const sessions = ttls.map((ttl) => new Session(process, { ttl }));
    tracked({ close: () => world.settled(Promise.all(sessions.map((session) => session.close()))) });
    const elections = sessions.map((session, i) => new Election(session, `jobs-${i}`));
    const streams = (): number => process.store.open.filter((line) => line === 'watch stream').length;
    return { world, process, sessions, elections, streams };
  };

  it('share one stream of watches, which hears of each of their keys', async () => {
    const { world, elections, streams } = build(...Array(20).fill(10));
    await world.queued(...elections);
    expect(streams()).to.equal(1);
    const stories = elections.map((election) => record(election, ['unelected']));
    for (const { key } of world.etcd.keys('jobs-')) world.etcd.delete(key);
    await world.until(() => stories.every((story) => story.length === 1), 'each hears of its deletion', 100);
    expect(new Set(stories.flat())).to.deep.equal(new Set(['unelected: KEY_DELETED']));
  });

  it('have a stream for each rhythm in which streams are watched over', async () => {
    const { world, elections, streams } = build(5, 10, 5, 10, 20, 60);
    await world.queued(...elections);
    expect(streams()).to.equal(3);
  });

  it('keep their stream when one of them is closed', async () => {
    const { world, process, sessions, elections, streams } = build(10, 10);
    await world.queued(...elections);
    await world.settled(sessions[0]?.close() ?? Promise.resolve());
    expect(streams()).to.equal(1);
    expect(process.store.requests.watchStream).to.equal(1);
    const story = record(elections[1] as Election, ['unelected']);
    for (const { key } of world.etcd.keys('jobs-1/')) world.etcd.delete(key);
    await world.until(() => story.length === 1, 'the other hears of its deletion', 100);
    await world.settled(sessions[1]?.close() ?? Promise.resolve());
    expect(process.store.open).to.deep.equal([]);
  });

  it('take over from each other in one election', async () => {
    const world = new World();
    const process = world.process('a');
    const candidates = ['x', 'y', 'z'].map((value) => new Election(process, 'jobs', { value }));
    await world.queued(...candidates);
    for (const [i, candidate] of candidates.entries()) {
      await world.until(() => candidate.isLeader(), 'it leads', 100);
      await world.settled(candidate.stop());
      expect(candidates.filter((other) => other.isLeader()).length).to.be.at.most(1);
      expect(candidate.state, `candidate ${i}`).to.equal('idle');
    }
    expect(process.store.requests.watchStream).to.equal(1);
    await world.advance(1_000);
    expect(process.store.open).to.deep.equal([]);
  });
});
