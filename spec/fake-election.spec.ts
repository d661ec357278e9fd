import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { createClient, Election, ElectionError } from '../lib/index.js';
import { FakeElection, type LossCode } from '../lib/testing.js';
import { record } from './support/story.js';
import { tracked } from './support/track.js';

const ALL = ['elected', 'unelected', 'leader', 'suspended', 'resumed', 'error'] as const;

describe('FakeElection', () => {
  const make = (options: ConstructorParameters<typeof FakeElection>[1] = {}): FakeElection =>
    tracked(new FakeElection('jobs', { value: 'me', ...options }));

  it('is an Election', () => {
    const election: Election = make();
    expect(election).to.be.instanceOf(Election);
    expect(election.name).to.equal('jobs');
  });

  it('waits behind another until it is elected', async () => {
    const fake = make({ leader: 'boss' });
    fake.start();
    await fake.setLeader('boss');
    expect(fake.state).to.equal('waiting');
    expect(fake.isLeader()).to.equal(false);
    expect(fake.currentLeader()).to.equal('boss');
    expect((await fake.candidates()).map(({ value }) => value)).to.deep.equal(['boss', 'me']);

    const leadership = await fake.elect();
    expect(fake.isLeader()).to.equal(true);
    expect(fake.currentLeader()).to.equal('me');
    expect(fake.leadership).to.equal(leadership);
    expect(await leadership.verify()).to.equal(true);
  });

  it('is elected as soon as it is started when the test has said so before', async () => {
    const fake = make();
    const elected = fake.elect();
    fake.start();
    expect((await elected).value).to.equal('me');
  });

  for (const code of ['LEASE_EXPIRED', 'LEASE_LOST', 'KEY_DELETED', 'STEPPED_DOWN'] satisfies LossCode[]) {
    it(`is deposed with ${code}, and queues behind another`, async () => {
      const fake = make();
      fake.start();
      const story = record(fake, ['unelected', 'leader']);
      const { signal } = await fake.elect();
      await fake.depose(code);
      expect(signal.reason).to.be.instanceOf(ElectionError).and.to.include({ code });
      expect(fake.isLeader()).to.equal(false);
      expect(fake.state).to.equal('waiting');
      await fake.setLeader('boss');
      expect(story).to.deep.equal(['leader: me', `unelected: ${code}`, 'leader: another', 'leader: boss']);
    });
  }

  it('gives every leader a greater token than the one before', async () => {
    const fake = make();
    const tokens: bigint[] = [];
    fake.on('leader', (_, candidate) => tokens.push(candidate?.fencingToken ?? 0n));
    fake.start();
    for (const leader of ['a', 'b']) {
      await fake.setLeader(leader);
      await fake.elect();
      await fake.depose();
      await fake.setLeader('c');
    }
    expect(tokens).to.have.lengthOf(8);
    expect(tokens).to.deep.equal([...new Set(tokens)].sort((a, b) => Number(a - b)));
  });

  it('says that nobody leads to those who observe without taking part', async () => {
    const fake = make();
    const seen: (string | undefined)[] = [];
    const observed = (async () => {
      for await (const leader of fake.observe()) if (seen.push(leader?.value) === 4) break;
    })();
    await fake.setLeader('boss');
    await fake.setLeader(undefined);
    await fake.setLeader('chief');
    await observed;
    expect(seen).to.deep.equal(['another', 'boss', undefined, 'chief']);
  });

  it('refuses to be deposed while it does not lead, and another leader while it does', async () => {
    const fake = make();
    const refusal = async (promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((err: ElectionError) => err.code);
    expect(await refusal(fake.depose())).to.equal('NOT_LEADER');
    fake.start();
    await fake.elect();
    expect(await refusal(fake.setLeader('boss'))).to.equal('INVALID_OPTION');
  });

  it('runs a task in each term, and resolves with its result', async () => {
    const fake = make();
    const terms: bigint[] = [];
    const result = fake.run(async ({ fencingToken, signal }) => {
      terms.push(fencingToken);
      if (terms.length === 2) return 'done';
      return new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('too late')));
    });
    await fake.elect();
    await fake.depose();
    await fake.elect();
    expect(await result).to.equal('done');
    expect(terms).to.have.lengthOf(2);
    expect(fake.state).to.equal('idle');
  });

  it('waits in stop() for the work of run()', async () => {
    const fake = make();
    let finish = (): void => {};
    const run = fake
      .run(() => new Promise<void>((resolve) => (finish = resolve)))
      .catch((err: ElectionError) => err.code);
    await fake.elect();
    const stopped = fake.stop();
    expect(fake.state).to.equal('leaving');
    finish();
    await stopped;
    expect(await run).to.equal('STOPPED');
    expect(await fake.candidates()).to.deep.equal([]);
  });

  it('takes the options of an Election, and checks them', () => {
    expect(() => make({ ttl: 1 })).to.throw(/`ttl`/);
    expect(make({ ttl: 3, renewDeadline: 2, releaseTimeout: 500, observe: false }).state).to.equal('idle');
  });

  it('builds transactions on the client that it is given, and has none without', async () => {
    const without = make();
    without.start();
    await without.elect();
    expect(() => without.leadership?.txn()).to.throw(/no etcd/);

    const etcd = tracked(createClient({ hosts: 'http://127.0.0.1:1' }));
    const fake = make({ etcd });
    fake.start();
    const leadership = await fake.elect();
    expect(leadership.txn()).to.have.property('then');
  });

  it('sets no timer and needs none, whatever a test has put in the place of timers', async () => {
    const clock = tracked(useFakeTimers()); // the default: nextTick and queueMicrotask stand still as well
    const fake = make();
    const story = record(fake, ALL);
    fake.start();
    await fake.setLeader('boss');
    await fake.elect();
    await fake.depose('LEASE_EXPIRED');
    await fake.elect();
    expect(clock.countTimers()).to.equal(0);
    await fake.stop();
    expect(clock.countTimers()).to.equal(0);
    expect(story.filter((line) => !line.startsWith('elected'))).to.deep.equal([
      'leader: boss',
      'leader: me',
      'unelected: LEASE_EXPIRED',
      'leader: boss',
      'leader: me',
      'unelected: STOPPED',
    ]);
  });
});
