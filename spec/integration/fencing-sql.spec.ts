import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { candidate, leading, queued } from '../support/candidates.js';
import { Postgres } from '../support/postgres.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';

/** The statements in the `sql` blocks of a page, in their order, without comments. */
function statementsIn(page: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql = '']) => sql.replace(/--.*$/gm, ''));
  return blocks
    .join('\n')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

const STATEMENTS = statementsIn('guarantees.md');

function statement(beginning: string): string {
  const found = STATEMENTS.filter((sql) => sql.startsWith(beginning));
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} statements begin with ${beginning}`);
  return found[0];
}

/** Runs the recipes of docs/guarantees.md, as they stand there, on PostgreSQL (compiled to WebAssembly). */
describe('fencing in a SQL database, as docs/guarantees.md says,', () => {
  const cluster = sharedCluster();
  let db: Postgres;

  before(async function () {
    this.timeout(120_000); // a database is set up
    db = new Postgres();
    await db.query('SELECT 1');
  });

  after(() => db.close());

  beforeEach(async () => {
    await db.query('DROP TABLE IF EXISTS report, fence, account');
    for (const table of ['report', 'fence']) await db.query(statement(`CREATE TABLE ${table}`));
    await db.query('CREATE TABLE account (id text PRIMARY KEY, balance int)');
    await db.query("INSERT INTO account VALUES ('a', 100)");
  });

  /** The tokens of two leaders, one after the other. */
  async function terms(): Promise<{ name: string; deposed: bigint; current: bigint }> {
    const name = uniqueName();
    const [first, second] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    const { fencingToken: deposed } = await leading(first);
    await queued(second);
    await first.stop();
    return { name, deposed, current: (await leading(second)).fencingToken };
  }

  /** The number of changed rows. */
  async function run(sql: string, ...parameters: readonly unknown[]): Promise<number> {
    return (await db.query(sql, ...parameters)).affectedRows;
  }

  async function writesReport(token: bigint, body: string): Promise<boolean> {
    return (await run(statement('INSERT INTO report'), token, 'r', body)) === 1;
  }

  /** One transaction: the fence, and after it the write. */
  async function withdraws(token: bigint, election: string): Promise<boolean> {
    await db.query(statement('BEGIN'));
    const isCurrent = (await run(statement('UPDATE fence'), token, election)) === 1;
    if (isCurrent) await run(statement('UPDATE account'), 'a');
    await db.query(isCurrent ? statement('COMMIT') : 'ROLLBACK');
    return isCurrent;
  }

  async function balance(): Promise<unknown> {
    return (await db.query('SELECT balance FROM account')).rows;
  }

  it('a row refuses the write of a deposed leader, where an unguarded one goes through', async () => {
    const { deposed, current } = await terms();
    const written = [
      await writesReport(deposed, 'first'),
      await writesReport(current, 'second'),
      await writesReport(deposed, 'late'),
    ];
    expect(written).to.deep.equal([true, true, false]);
    expect((await db.query('SELECT body, token FROM report')).rows).to.deep.equal([
      { body: 'second', token: Number(current) },
    ]);
    expect(await run("UPDATE report SET body = 'late'"), 'unguarded').to.equal(1);
  });

  it('a leader writes the same row as often as it likes', async () => {
    const { current } = await terms();
    const written = [await writesReport(current, 'one'), await writesReport(current, 'two')];
    expect(written).to.deep.equal([true, true]);
  });

  it('the row of a term refuses a deposed leader from the moment the next has raised it', async () => {
    const { name, deposed, current } = await terms();
    await run('INSERT INTO fence VALUES ($1, 0)', name);
    expect(await withdraws(deposed, name)).to.equal(true);
    expect(await run(statement('UPDATE fence'), current, name), 'raised by the new leader').to.equal(1);
    expect(await withdraws(deposed, name)).to.equal(false);
    expect(await balance()).to.deep.equal([{ balance: 90 }]);
    expect(await withdraws(current, name)).to.equal(true);
    expect(await balance()).to.deep.equal([{ balance: 80 }]);
  });

  it('one election’s row says nothing about another', async () => {
    const { name, current } = await terms();
    await run('INSERT INTO fence VALUES ($1, 0), ($2, 0)', name, `${name}-other`);
    await run(statement('UPDATE fence'), current + 1_000n, `${name}-other`);
    expect(await withdraws(current, name)).to.equal(true);
  });
});
