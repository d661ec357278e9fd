import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
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

  it('is elected as soon as it is started when the test has called elect() before', async () => {
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

  it('records its own terms with `history`, and reads them', async () => {
    const fake = make({ history: 5 });
    fake.start();
    const { fencingToken } = await fake.elect();
    await fake.depose('LEASE_EXPIRED');
    await fake.elect();
    const [first, second, ...more] = await fake.history();
    expect([first?.value, first?.fencingToken, first?.why]).to.deep.equal(['me', fencingToken, 'LEASE_EXPIRED']);
    expect([second?.until, second?.why, more]).to.deep.equal([undefined, undefined, []]);
    expect(JSON.parse((await fake.etcd.get('jobs!history').string()) ?? '').terms).to.have.length(2);
  });

  it('hands over to the one that queues behind it, by its name', async () => {
    const fake = make();
    fake.start();
    await fake.elect();
    const refused = await fake.stepDown({ to: 'boss' }).catch(({ code }: ElectionError) => code);
    expect([refused, fake.isLeader()]).to.deep.equal(['NOT_CANDIDATE', true]);
    await fake.queueAnother('boss');
    const leader = await fake.stepDown({ to: 'boss' });
    expect([leader?.value, leader?.isOurs, fake.state]).to.deep.equal(['boss', true, 'waiting']);
    expect(await fake.queueAnother('chief').catch(({ code }: ElectionError) => code)).to.equal('NOT_LEADER');
    await fake.elect();
  });

  it('leads when it asks the other to step down, and the other queues behind it', async () => {
    const fake = make({ leader: 'boss' });
    fake.start();
    await fake.setLeader('boss');
    const leader = await fake.ask({ to: 'me' });
    expect([leader?.value, fake.isLeader()]).to.deep.equal(['me', true]);
    expect((await fake.candidates()).map(({ value }) => value)).to.deep.equal(['me', 'boss']);
    await fake.depose();
    expect(fake.currentLeader()).to.equal('boss');
  });

  it('asks the other also when it is no candidate itself, and is refused where there is nobody to ask', async () => {
    const fake = make({ leader: 'boss' });
    const [before] = await fake.candidates();
    const leader = await fake.ask();
    expect(leader?.value).to.equal('boss');
    expect((leader?.fencingToken ?? 0n) > (before?.fencingToken ?? 0n)).to.equal(true);
    await fake.setLeader(undefined);
    expect(await fake.ask().catch(({ code }: ElectionError) => code)).to.equal('NOT_LEADER');
  });

  it('steps down when it asks itself, and takes a priority', async () => {
    const fake = make({ priority: 7 });
    fake.start();
    await fake.elect();
    await fake.setPriority(-3);
    await fake.queueAnother('boss');
    const story = record(fake);
    expect((await fake.ask())?.value).to.equal('boss');
    expect(story).to.deep.equal(['unelected: STEPPED_DOWN']);
  });

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
    const run = fake.run(async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      return 'late';
    });
    await fake.elect();
    const stopped = fake.stop();
    expect(fake.state).to.equal('leaving');
    finish();
    await stopped;
    expect(await run).to.equal(undefined);
    expect(await fake.candidates()).to.deep.equal([]);
  });

  it('takes the options of an Election, and checks them', () => {
    expect(() => make({ ttl: 1 })).to.throw(/`ttl`/);
    expect(make({ ttl: 3, renewDeadline: 2, releaseTimeout: 500, observe: false }).state).to.equal('idle');
  });

  it('commits guarded writes while it leads, and no longer, to a client that reads them', async () => {
    const fake = make();
    const { etcd } = fake;
    fake.start();
    const leadership = await fake.elect();
    const done = await leadership.txn().then(etcd.put('jobs/done').value('17')).commit();
    expect([done.succeeded, await etcd.get('jobs/done').string()]).to.deep.equal([true, '17']);

    await fake.depose();
    const late = await leadership.txn().then(etcd.put('jobs/done').value('18')).commit();
    expect([late.succeeded, await etcd.get('jobs/done').string()]).to.deep.equal([false, '17']);
  });

  it('commits guarded writes that were built with a client of the test, which need not reach an etcd', async () => {
    const client = tracked(createClient({ hosts: 'http://127.0.0.1:1' }));
    const fake = make();
    fake.start();
    const leadership = await fake.elect();
    await leadership.txn().then(client.put('jobs/done').value('17')).commit();
    expect(await fake.etcd.get('jobs/done').string()).to.equal('17');
  });

  it('builds transactions on the client that it is given', async () => {
    const etcd = tracked(createClient({ hosts: 'http://127.0.0.1:1' }));
    const committed: unknown[] = [];
    etcd.mock({
      exec: async <T>(_service: string, method: string, request: unknown): Promise<T> => {
        committed.push(method, request);
        return { succeeded: true } as T;
      },
    });
    const fake = make({ etcd });
    fake.start();
    const leadership = await fake.elect();
    await leadership.txn().commit();
    expect(committed).to.have.lengthOf(2).and.to.include('txn');
    expect(fake.etcd).to.equal(etcd);
  });

  it('says that its client has no leases and no watches', async () => {
    const { etcd } = make();
    const refusal = (promise: PromiseLike<unknown>): Promise<string> =>
      Promise.resolve(promise).then(
        () => 'done',
        (err: Error) => err.message,
      );
    expect(await refusal(etcd.leaseClient.leaseGrant({ TTL: 5 }))).to.include('no Lease.leaseGrant');
    expect(await refusal(etcd.watchClient.watch())).to.include('no streams of Watch');
  });

  it('is suspended and resumed when the test says so, and leads on', async () => {
    const fake = make();
    fake.start();
    await fake.elect();
    const story = record(fake, ALL);
    await fake.suspend();
    await fake.suspend();
    expect([story, fake.isLeader()]).to.deep.equal([['suspended: UNAVAILABLE'], true]);
    await fake.resume();
    await fake.resume();
    expect([story, fake.isLeader()]).to.deep.equal([['suspended: UNAVAILABLE', 'resumed'], true]);
  });

  it('is suspended while it waits too, with the error of the test', async () => {
    const fake = make();
    fake.start();
    const told: unknown[] = [];
    fake.on('suspended', (error) => told.push(error));
    const error = new ElectionError('PERMISSION_DENIED', 'the password has changed');
    await fake.suspend(error);
    expect([told, fake.state]).to.deep.equal([[error], 'waiting']);
  });

  for (const [code, told] of [
    ['LEASE_EXPIRED', ['suspended: UNAVAILABLE', 'unelected: LEASE_EXPIRED', 'resumed', 'leader: another']],
    ['KEY_DELETED', ['suspended: UNAVAILABLE', 'resumed', 'unelected: KEY_DELETED', 'leader: another']],
  ] as const) {
    it(`is deposed with ${code} while it is suspended`, async () => {
      const fake = make();
      fake.start();
      await fake.elect();
      const story = record(fake, ALL);
      await fake.suspend();
      await fake.depose(code);
      expect([story, fake.state]).to.deep.equal([told, 'waiting']);
    });
  }

  it('stops while it is suspended', async () => {
    const fake = make();
    fake.start();
    await fake.elect();
    await fake.suspend();
    await fake.stop();
    expect([fake.state, await fake.candidates()]).to.deep.equal(['idle', []]);
  });

  it('tells every error of the test, and goes on', async () => {
    const fake = make();
    const story = record(fake, ALL);
    await fake.fail(new ElectionError('UNAVAILABLE', 'no answer'));
    fake.start();
    await fake.elect();
    await fake.fail(new ElectionError('RELEASE_TIMEOUT', 'the work did not end'));
    await fake.fail(new ElectionError('RELEASE_TIMEOUT', 'the work did not end'));
    expect(fake.isLeader()).to.equal(true);
    expect(story.filter((line) => line.startsWith('error'))).to.deep.equal([
      'error: UNAVAILABLE',
      'error: RELEASE_TIMEOUT',
      'error: RELEASE_TIMEOUT',
    ]);
  });

  it('stops when its session is said to be closed, as the real election does', async () => {
    const fake = make();
    fake.start();
    await fake.elect();
    const story = record(fake, ALL);
    await fake.fail(new ElectionError('STOPPED', 'the session is closed'));
    expect([story, fake.state]).to.deep.equal([['error: STOPPED', 'unelected: STOPPED'], 'idle']);
  });

  it('refuses to be suspended before it is started, and errors that are none', async () => {
    const fake = make();
    const refusal = async (promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((err: ElectionError) => err.code);
    expect(await refusal(fake.suspend())).to.equal('NOT_CANDIDATE');
    expect(await refusal(fake.suspend('UNAVAILABLE' as never))).to.equal('INVALID_OPTION');
    expect(await refusal(fake.fail(new Error('mine') as never))).to.equal('INVALID_OPTION');
  });

  // In a process of its own: under these timers a socket that an earlier spec has closed does not finish its closing.
  it('sets no timer and needs none, whatever a test has put in the place of timers', async () => {
    const program = fileURLToPath(new URL('./support/programs/fake-timers.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    const { story, timers } = JSON.parse(stdout) as { readonly story: string[]; readonly timers: number[] };
    expect(timers).to.deep.equal([0, 0]);
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
