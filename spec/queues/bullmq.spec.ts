import { Queue, Worker } from 'bullmq';
import { expect } from 'chai';
import sinon from 'sinon';
import type { Ownership } from '../../lib/index.js';
import { FakePool } from '../../lib/testing.js';
import { workBullQueue } from '../support/queues/bullmq.js';
import { openRedis, REDIS } from '../support/queues/redis.js';
import { ownServer } from '../support/queues/server.js';
import { tracked } from '../support/track.js';
import { aborted, until } from '../support/wait.js';

describe('the recipe for BullMQ', () => {
  const server = ownServer(REDIS);
  let fake: FakePool;
  let ownership: Ownership;
  let queue: Queue;
  let connection: { readonly port: number };

  beforeEach(async () => {
    await openRedis(server()).flushall();
    connection = { port: server().port };
    queue = tracked(new Queue('orders-0', { connection }));
    fake = tracked(new FakePool('queues', { partitions: 1 }));
    fake.start();
    await fake.gain(0);
    ownership = fake.owned.get('0') as Ownership;
  });

  const sendAll = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await queue.add(name, {});
  };
  const counts = (): Promise<Record<string, number>> => queue.getJobCounts('wait', 'active', 'completed', 'failed');

  it('returns when the job under way has ended, and begins no other', async () => {
    await sendAll('a', 'b');
    const begun: string[] = [];
    let end = (): void => {};
    let hasReturned = false;
    const working = workBullQueue(ownership, connection, async ({ name }) => {
      begun.push(name);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    }).then(() => {
      hasReturned = true;
    });
    await until(() => begun.length === 1, { what: 'the first job to begin' });
    await fake.lose(0);
    await queue.getJobCounts(); // a round trip in which a task that does not wait would have returned
    expect(hasReturned).to.equal(false);
    end();
    await working;
    expect(begun).to.deep.equal(['a']);
    expect(await counts()).to.deep.equal({ wait: 1, active: 0, completed: 1, failed: 0 });
  });

  it('does a job that has failed again, before the jobs after it', async () => {
    const complaints = tracked(sinon.stub(console, 'error'));
    await sendAll('a', 'b');
    const begun: string[] = [];
    const working = workBullQueue(ownership, connection, async ({ name }) => {
      begun.push(name);
      if (begun.length < 2) throw new Error('not yet');
    });
    await until(async () => (await counts())['completed'] === 2, { what: 'both jobs to be done' });
    await fake.lose(0);
    await working;
    expect(begun).to.deep.equal(['a', 'a', 'b']);
    expect(complaints.callCount).to.equal(1);
  });

  it('takes back the job of an owner that is gone, before it does the jobs after it', async () => {
    await sendAll('a', 'b');
    const gone = tracked(new Worker('orders-0', null, { connection, autorun: false, lockDuration: 500 }));
    expect((await gone.getNextJob('lock'))?.name).to.equal('a');
    const begun: string[] = [];
    const working = workBullQueue(ownership, connection, async ({ name }) => {
      begun.push(name);
    });
    await until(() => begun.length === 2, { what: 'both jobs to begin' });
    await fake.lose(0);
    await working;
    expect(begun).to.deep.equal(['a', 'b']);
  });

  it('does nothing when the partition is lost already, and leaves the jobs as they are', async () => {
    await sendAll('a', 'b');
    await fake.lose(0);
    const begun: string[] = [];
    await workBullQueue(ownership, connection, async ({ name }) => {
      begun.push(name);
    });
    expect(begun).to.deep.equal([]);
    expect((await queue.getWaiting()).map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(await counts()).to.deep.equal({ wait: 2, active: 0, completed: 0, failed: 0 });
  });

  it('puts a job back to the front that it has taken after the lease had run out', async () => {
    await sendAll('a', 'b');
    const end = new AbortController();
    const late = {
      partition: '0',
      signal: end.signal,
      ended: aborted(end.signal),
      throwIfLost: () => {
        end.abort(); // the timers of the process come after its clock
        throw new Error('the lease has run out');
      },
    } as unknown as Ownership;
    const begun: string[] = [];
    await workBullQueue(late, connection, async ({ name }) => {
      begun.push(name);
    });
    expect(begun).to.deep.equal([]);
    expect((await queue.getWaiting()).map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(await counts()).to.deep.equal({ wait: 2, active: 0, completed: 0, failed: 0 });
  });
});
