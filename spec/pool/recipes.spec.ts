import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { FakePool } from '../../lib/testing.js';
import { readPage } from '../support/docs/pages.js';
import { enqueue, partitionOf, Router, runGroup, workQueue } from '../support/pool/recipes.js';
import { until } from '../support/wait.js';

describe('the recipes for pools', () => {
  const stopped: FakePool[] = [];

  const pool = (partitions: number | readonly string[], member = 'me'): FakePool => {
    const fake = new FakePool('orders', { partitions, member });
    stopped.push(fake);
    return fake;
  };

  afterEach(async () => {
    for (const fake of stopped.splice(0)) await fake.stop();
  });

  const inPages = [
    { page: 'docs/pool.md', source: 'spec/support/pool/recipes.ts', count: 5 },
    { page: 'docs/pool-queues.md', source: 'spec/support/queues/bullmq.ts', count: 1 },
    { page: 'docs/pool-queues.md', source: 'spec/support/queues/pg-boss.ts', count: 2 },
  ];
  for (const { page, source, count } of inPages) {
    it(`stand in ${page} as they are tried: ${source}`, () => {
      const blocks = readPage(source)
        .split(/^export (?=function|async function|class)/m)
        .slice(1);
      expect(blocks).to.have.length(count);
      for (const block of blocks) expect(readPage(page)).to.include(block.trimEnd());
    });
  }

  it('spread keys over all partitions, each key always to the same', () => {
    const found = new Set(Array.from({ length: 2_000 }, (_, n) => partitionOf(`customer-${n}`, 64)));
    expect(found.size).to.equal(64);
    expect(partitionOf('customer-1', 64)).to.equal(partitionOf('customer-1', 64));
  });

  it('do the jobs of a partition one after the other, in their order, and the rest by the next owner', async () => {
    const fake = pool(64);
    const partition = partitionOf('customer', 64);
    for (const job of ['first', 'second', 'third']) await enqueue(fake.etcd, 'customer', job);
    const done: string[] = [];
    const tokens = new Set<bigint>();
    let running = 0;
    void fake.run((ownership) =>
      workQueue(ownership, fake.etcd, async (job, token) => {
        expect(++running).to.equal(1);
        await sleep(5);
        running -= 1;
        done.push(job);
        tokens.add(token);
      }),
    );
    await fake.gain(partition);
    await until(() => done.length >= 1, { what: 'a job to be done' });
    await fake.lose(partition);
    await until(() => running === 0, { what: 'the job to end' });
    await fake.gain(partition);
    await until(async () => Object.keys(await fake.etcd.getAll().prefix('jobs/').strings()).length === 0, {
      what: 'no job to be left',
    });
    expect(done.filter((job, at) => done.indexOf(job) === at)).to.deep.equal(['first', 'second', 'third']);
    expect(tokens.size).to.be.at.least(1);
  });

  it('know the address of the worker that serves a room, as soon as it owns it', async () => {
    const fake = pool(256, 'http://10.0.0.7:8080').start();
    const router = new Router();
    const end = new AbortController();
    const following = router.follow(fake, end.signal);
    expect(router.addressOf('room 1')).to.equal(undefined);
    await fake.gain(partitionOf('room 1', 256));
    await until(() => router.addressOf('room 1') === 'http://10.0.0.7:8080', { what: 'the address' });
    await fake.lose(partitionOf('room 1', 256));
    await until(() => router.addressOf('room 1') === 'another', { what: 'the next address' });
    end.abort();
    await following;
  });

  it('run the jobs of a group once in each period, though the group moves in the middle of it', async () => {
    const fake = pool(['nightly', 'hourly']);
    const runs: number[] = [];
    void fake.run((ownership) =>
      runGroup(ownership, fake.etcd, 200, async (_group, due) => {
        runs.push(due);
      }),
    );
    await fake.gain('hourly');
    await until(() => runs.length >= 2, { what: 'two runs' });
    await fake.lose('hourly');
    await fake.gain('hourly');
    await until(() => runs.length >= 4, { what: 'two more runs' });
    expect(new Set(runs).size).to.equal(runs.length);
  });
});
