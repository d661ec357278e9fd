import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { type ElectionError, Pool } from '../lib/index.js';
import { FakePool, type PoolLossCode } from '../lib/testing.js';
import { rejection } from './support/store-contract/context.js';

describe('FakePool', () => {
  const record = (pool: Pool): string[] => {
    const story: string[] = [];
    pool.on('gained', ({ partition, fencingToken }) => story.push(`gained ${partition} ${fencingToken > 0n}`));
    pool.on('lost', ({ partition }, { code }) => story.push(`lost ${partition}: ${code}`));
    pool.on('error', ({ code }) => story.push(`error: ${code}`));
    pool.on('suspended', () => story.push('suspended'));
    pool.on('resumed', () => story.push('resumed'));
    return story;
  };

  const started = (partitions: number | readonly string[] = 4): FakePool =>
    new FakePool('orders', { partitions }).start();

  it('is a Pool, and owns nothing until the test says so', async () => {
    const fake = started();
    expect(fake).to.be.instanceOf(Pool);
    expect([fake.owns(1), fake.owned.size, fake.isCoordinator()]).to.deep.equal([false, 0, false]);
    const ownership = await fake.gain(1);
    expect([ownership.partition, ownership.isCurrent(), fake.owns(1), fake.owns(2)]).to.deep.equal([
      '1',
      true,
      true,
      false,
    ]);
    expect(fake.state).to.equal('active');
    await fake.stop();
    expect([ownership.isCurrent(), fake.state]).to.deep.equal([false, 'idle']);
  });

  for (const reason of ['REBALANCED', 'KEY_DELETED'] as const) {
    it(`loses one partition with ${reason}, keeps the others, and gains it again with a greater token`, async () => {
      const fake = started(['mail', 'a/b']);
      const story = record(fake);
      const first = await fake.gain('mail');
      await fake.gain('a/b');
      await fake.lose('mail', reason);
      expect(story).to.deep.equal(['gained mail true', 'gained a/b true', `lost mail: ${reason}`]);
      expect([...fake.owned.keys()]).to.deep.equal(['a/b']);
      expect((await fake.owner('mail'))?.value).to.equal('another');
      const again = await fake.gain('mail');
      expect(again.fencingToken > first.fencingToken).to.equal(true);
      await fake.stop();
    });
  }

  for (const reason of ['LEASE_EXPIRED', 'LEASE_LOST'] as const) {
    it(`loses all partitions with ${reason}, since they are on one lease, and can gain them again`, async () => {
      const fake = started();
      const story = record(fake);
      await fake.gain(0);
      await fake.gain(1);
      await fake.lose(0, reason);
      expect(story.slice(2)).to.have.members([`lost 0: ${reason}`, `lost 1: ${reason}`]);
      expect((await fake.owner(1))?.value).to.equal('another');
      await fake.gain(1);
      expect(story.at(-1)).to.equal('gained 1 true');
      await fake.stop();
    });
  }

  it('lets the task of run() end before a partition is lost to another, and before stop() ends', async () => {
    const fake = new FakePool('orders', { partitions: 2 });
    const story: string[] = [];
    const running = fake.run(async ({ partition, signal }) => {
      story.push(`begins ${partition}`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      story.push(`ends ${partition}: ${signal.reason.code}, owned by ${(await fake.owner(partition))?.value}`);
    });
    await fake.gain(0);
    await fake.gain(1);
    await fake.lose(0);
    expect((await fake.owner(0))?.value).to.equal('another');
    const { member } = fake;
    await fake.stop();
    await running;
    expect(story).to.deep.equal([
      'begins 0',
      'begins 1',
      `ends 0: REBALANCED, owned by ${member}`,
      `ends 1: STOPPED, owned by ${member}`,
    ]);
  });

  it('commits writes of an owner, and of nobody else', async () => {
    const fake = started();
    const ownership = await fake.gain(0);
    const write = (value: string) => ownership.txn().then(fake.etcd.put('done').value(value)).commit();
    expect((await write('17')).succeeded).to.equal(true);
    await fake.lose(0);
    expect((await write('18')).succeeded).to.equal(false);
    expect(await fake.etcd.get('done').string()).to.equal('17');
    await fake.stop();
  });

  it('tells of an etcd that does not answer, and that it answers again', async () => {
    const fake = started();
    const story = record(fake);
    await fake.suspend();
    await fake.resume();
    expect(story).to.deep.equal(['suspended', 'resumed']);
    await fake.stop();
  });

  it('shows a pool of two workers, and who owns what', async () => {
    const fake = started();
    await fake.gain(2);
    const members = (await fake.members()).map(({ id, owned, isCoordinator }) => [id, owned, isCoordinator]);
    expect(members).to.deep.equal([
      ['another', 0, true],
      [fake.member, 1, false],
    ]);
    for await (const owners of fake.observe()) {
      expect([...owners.keys()]).to.deep.equal(['2']);
      break;
    }
    await fake.stop();
  });

  it('takes no time, sets no timer and can be started again, under fake timers too', async () => {
    const clock = useFakeTimers();
    try {
      const fake = started();
      await fake.gain(0);
      await fake.lose(0);
      await fake.stop();
      await fake.start().gain(0);
      await fake.stop();
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  it('refuses what makes no sense', async () => {
    const fake = new FakePool('orders', { partitions: 4 });
    const codes: (string | undefined)[] = [];
    const code = async (promise: Promise<unknown>): Promise<void> => {
      codes.push(((await rejection(promise)) as ElectionError).code);
    };
    await code(fake.gain(0));
    fake.start();
    await code(fake.gain(4));
    await code(fake.lose(0));
    await fake.gain(0);
    await code(fake.lose(0, 'NO_SUCH_CODE' as PoolLossCode));
    await fake.stop();
    expect(codes).to.deep.equal(['NOT_CANDIDATE', 'INVALID_OPTION', 'NOT_LEADER', 'INVALID_OPTION']);
    expect(() => new FakePool('orders', { partitions: 0 })).to.throw('`partitions`');
  });

  it('rejects a gain() that waits when the worker is stopped', async () => {
    const fake = started();
    const gaining = rejection(fake.gain(0));
    await fake.stop();
    expect(((await gaining) as ElectionError).code).to.equal('STOPPED');
  });
});
