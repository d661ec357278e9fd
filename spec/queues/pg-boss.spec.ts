import { expect } from 'chai';
import type { Pool as Database } from 'pg';
import type { PgBoss } from 'pg-boss';
import sinon from 'sinon';
import type { Ownership } from '../../lib/index.js';
import { FakePool } from '../../lib/testing.js';
import { startBoss } from '../support/queues/load-boss.js';
import { fenced, workBossQueue } from '../support/queues/pg-boss.js';
import { openDatabase, POSTGRES } from '../support/queues/postgres.js';
import { ownServer } from '../support/queues/server.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const QUEUE = 'orders-0';

describe('the recipe for pg-boss', () => {
  const server = ownServer(POSTGRES);
  let fake: FakePool;
  let ownership: Ownership;
  let database: Database;
  let boss: PgBoss;

  beforeEach(async () => {
    database = openDatabase(server());
    await database.query('DROP SCHEMA IF EXISTS pgboss CASCADE; DROP TABLE IF EXISTS fence, written');
    await database.query('CREATE TABLE fence (election text PRIMARY KEY, token bigint NOT NULL)');
    await database.query('CREATE TABLE written (id bigserial, job text)');
    boss = await startBoss(server());
    tracked({ stop: () => boss.stop({ graceful: false }) });
    await boss.createQueue(QUEUE);
    fake = tracked(new FakePool('queues', { partitions: 1 }));
    fake.start();
    await fake.gain(0);
    ownership = fake.owned.get('0') as Ownership;
  });

  const sendAll = async (...jobs: readonly string[]): Promise<void> => {
    for (const job of jobs) await boss.send(QUEUE, { job });
  };
  const nameOf = (order: object): string => (order as { readonly job: string }).job;
  const written = async (): Promise<string[]> =>
    (await database.query('SELECT job FROM written ORDER BY id')).rows.map(({ job }) => job);
  const states = async (): Promise<string[]> =>
    (await database.query('SELECT state FROM pgboss.job WHERE name = $1 ORDER BY created_on', [QUEUE])).rows.map(
      ({ state }) => state,
    );

  it('returns when the job under way has ended, and begins no other', async () => {
    await sendAll('a', 'b');
    const begun: string[] = [];
    let end = (): void => {};
    let hasReturned = false;
    const working = workBossQueue(ownership, boss, database, async (order) => {
      begun.push(nameOf(order));
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    }).then(() => {
      hasReturned = true;
    });
    await until(() => begun.length === 1, { what: 'the first job to begin' });
    await fake.lose(0);
    await database.query('SELECT 1'); // a round trip in which a task that does not wait would have returned
    expect(hasReturned).to.equal(false);
    end();
    await working;
    expect(begun).to.deep.equal(['a']);
    expect(await states()).to.deep.equal(['completed', 'created']);
  });

  it('does a job that has failed again, before the jobs after it, and keeps nothing of what has failed', async () => {
    const complaints = tracked(sinon.stub(console, 'error'));
    await sendAll('a', 'b');
    const begun: string[] = [];
    const working = workBossQueue(ownership, boss, database, async (order, client) => {
      begun.push(nameOf(order));
      await client.query('INSERT INTO written (job) VALUES ($1)', [nameOf(order)]);
      if (begun.length < 2) throw new Error('not yet');
    });
    await until(async () => (await written()).length === 2, { what: 'both jobs to be done' });
    await fake.lose(0);
    await working;
    expect(begun).to.deep.equal(['a', 'a', 'b']);
    expect(await written()).to.deep.equal(['a', 'b']);
    expect(await states()).to.deep.equal(['completed', 'completed']);
    expect(complaints.callCount).to.equal(1);
  });

  it('takes no job and writes nothing when a later owner has begun', async () => {
    const complaints = tracked(sinon.stub(console, 'error'));
    const later = { election: ownership.election, fencingToken: ownership.fencingToken + 1n };
    await fenced(database, later as Ownership, async () => {});
    await sendAll('a');
    const begun: string[] = [];
    const working = workBossQueue(ownership, boss, database, async (order) => {
      begun.push(nameOf(order));
    });
    await until(() => complaints.called, { what: 'the fence to refuse the owner' });
    await fake.lose(0);
    await working;
    expect(complaints.firstCall.args[0]).to.contain('has a later owner');
    expect(begun).to.deep.equal([]);
    expect(await states()).to.deep.equal(['created']);
  });

  it('waits for a former owner that is still at work, and then goes on after its job', async () => {
    await sendAll('a', 'b');
    const former = { ...pick(ownership), fencingToken: ownership.fencingToken - 1n } as Ownership;
    const order: string[] = [];
    let end = (): void => {};
    const left = new AbortController();
    const before = workBossQueue({ ...former, signal: left.signal }, boss, database, async (job) => {
      order.push(`the former begins ${nameOf(job)}`);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      order.push(`the former ends ${nameOf(job)}`);
    });
    await until(() => order.length === 1, { what: 'the former owner to begin' });
    const working = workBossQueue(ownership, boss, database, async (job) => {
      order.push(`the owner does ${nameOf(job)}`);
    });
    const waits = async (): Promise<boolean> =>
      (await database.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).rowCount === 1;
    await until(waits, { what: 'the owner to wait' });
    left.abort();
    end();
    await before;
    await until(async () => (await states()).at(-1) === 'completed', { what: 'the last job to be done' });
    await fake.lose(0);
    await working;
    expect(order).to.deep.equal(['the former begins a', 'the former ends a', 'the owner does b']);
  });
});

/** What the recipe uses of an ownership. */
function pick({ partition, election, signal }: Ownership): Pick<Ownership, 'partition' | 'election' | 'signal'> {
  return { partition, election, signal };
}
