import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ColumnStep } from '../scripts/matrix/column-step.js';
import { MATRIX_COLUMNS, type MatrixColumn } from '../scripts/matrix/columns.js';
import { parseMatrixOptions } from '../scripts/matrix/options.js';
import { remarksOn, runtimeRows, warningsFor } from '../scripts/matrix/page.js';
import { pageOf, readKept } from '../scripts/matrix/page-file.js';
import { type ColumnResult, merge, readResult, resultOf, writeResult } from '../scripts/matrix/result.js';
import type { StepOutcome } from '../scripts/test/outcome.js';
import { Run } from '../scripts/test/run.js';
import { RunLogs } from '../scripts/test/run-logs.js';
import { root } from '../scripts/test/tool.js';
import { readPage } from './support/docs/pages.js';
import { tracked } from './support/track.js';

const DAY = new Date('2026-11-26T12:00:00Z');

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}

function column(name: string): MatrixColumn {
  const found = MATRIX_COLUMNS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
}

function outcome(name: string, more: Partial<StepOutcome> = {}): StepOutcome {
  const specs = { passed: 12, failed: [] };
  return { name, result: 'passed', took: 61_499, reason: '', specs, details: [], ...more };
}

/** The column, run with this outcome on etcd 3.6.16. */
function result(name: string, more: Partial<StepOutcome> = {}): ReturnType<typeof resultOf> {
  const step = new ColumnStep(column(name), 'short');
  step.pair = { etcd: '3.6.16', runtime: 'Node.js 20.20.2' };
  return resultOf(step, outcome(name, more), DAY);
}

describe('the matrix', () => {
  it('has a name for each column, and its specs are there', () => {
    expect(new Set(MATRIX_COLUMNS.map(({ name }) => name)).size).to.equal(MATRIX_COLUMNS.length);
    const single = MATRIX_COLUMNS.flatMap(({ specs }) => [...specs.short, ...specs.whole]).filter(
      (spec) => !spec.includes('*'),
    );
    for (const spec of single) expect(existsSync(join(root, spec)), spec).to.equal(true);
  });

  it('runs everything unless told otherwise, and refuses columns that it has not', () => {
    expect(parseMatrixOptions([])).to.deep.equal({ columns: MATRIX_COLUMNS, form: 'whole', onlyPage: false });
    const { columns, form } = parseMatrixOptions(['--short', '--only', 'bun, etcd-3.6']);
    expect([columns.map(({ name }) => name), form]).to.deep.equal([['etcd-3.6', 'bun'], 'short']);
    const all = MATRIX_COLUMNS.map(({ name }) => name).join(', ');
    expect(() => parseMatrixOptions(['--only', 'etcd-2'])).to.throw(`\`--only\` must name some of: ${all}; got etcd-2`);
  });

  it('leaves out what cannot be had, and says why', async () => {
    const logs = new RunLogs(scratch());
    tracked({ close: () => logs.close(false) });
    let printed = '';
    const print = (text: string): void => {
      printed += text;
    };
    const run = new Run({ logs, mochaArgs: [], print });
    const step = new ColumnStep({ ...column('etcd-3.6'), name: 'etcd-3.99', version: '3.99' }, 'short', false);
    await run.carryOut([step]);
    expect([run.hasPassed, run.outcomes[0]?.result, step.pair]).to.deep.equal([true, 'left out', undefined]);
    expect(printed).to.equal('\n── etcd-3.99\n   left out: it is not on this machine\n');
  });

  it('keeps what each column ran on, how many specs passed, and which failed', () => {
    const kept = { name: 'etcd-3.6', form: 'short', date: '2026-11-26', etcd: '3.6.16', runtime: 'Node.js 20.20.2' };
    expect(result('etcd-3.6')).to.deep.equal({ ...kept, passed: 12, failed: [], seconds: 61 });
    const specs = { passed: 11, failed: [{ title: 'an election is won', file: 'a.ts', error: 'no' }] };
    expect(result('etcd-3.6', { result: 'failed', reason: '1 failed', specs })).to.deep.equal({
      ...kept,
      passed: 11,
      failed: ['an election is won'],
      seconds: 61,
    });
    expect(result('etcd-3.6', { result: 'failed', reason: 'exit code 1' })).to.deep.include({
      failed: ['exit code 1'],
    });
    expect(result('etcd-3.6', { result: 'left out', reason: 'no go here' })).to.deep.equal({
      name: 'etcd-3.6',
      leftOut: 'no go here',
    });
  });

  it('replaces what was known of a column, in the order of the columns, but never by nothing', () => {
    const [old, other] = [{ ...result('etcd-3.6'), passed: 1 } as ColumnResult, result('bun')];
    expect(merge([other, old], [result('etcd-3.6')])).to.deep.equal([result('etcd-3.6'), other]);
    expect(merge([old], [{ name: 'etcd-3.6', leftOut: 'no go here' }])).to.deep.equal([old]);
    const left = { name: 'etcd-3.6', leftOut: 'no go here' };
    expect(merge([{ name: 'etcd-3.6', leftOut: 'older' }], [left])).to.deep.equal([left]);
  });

  it('writes its result down, and has none before the first run', () => {
    const file = join(scratch(), 'logs', 'matrix.json');
    expect(readResult(file)).to.deep.equal([]);
    writeResult(file, [result('etcd-3.6')]);
    expect(readResult(file)).to.deep.equal([result('etcd-3.6')]);
    expect(readFileSync(file, 'utf8').endsWith(']\n')).to.equal(true);
  });

  it('ends with a table, and names what failed, what was left out, and releases with known faults', () => {
    const failed = { ...result('bun'), runtime: 'Bun 1.4.5', etcd: '3.4.23', failed: ['an election is won'] };
    const all = [result('etcd-3.6'), failed as ColumnResult, { name: 'node-26', leftOut: 'npm does not answer' }];
    expect(runtimeRows(all)).to.deep.equal([
      ['etcd 3.6.16', 'Node.js 20.20.2', 'short', '12', '0', '61 s', '2026-11-26'],
      ['Bun 1.4.5', 'etcd 3.4.23', 'short', '12', '1', '61 s', '2026-11-26'],
      ['Node.js 26', '–', '–', '–', 'left out', '–', '–'],
    ]);
    expect(remarksOn(all)).to.deep.equal([
      '| column | remark |',
      '|---|---|',
      '| `bun` | failed: an election is won |',
      '| `node-26` | left out: npm does not answer |',
    ]);
    expect(remarksOn([result('etcd-3.6')])).to.deep.equal([]);
    expect(warningsFor(all)).to.have.lengthOf(1);
    expect(warningsFor(all)[0]).to.match(/^warning: etcd 3\.4\.23 can answer /);
  });
});

describe('docs/compatibility.md', () => {
  const page = readPage('docs/compatibility.md');

  it('says what the kept result says', () => {
    expect(readKept()).not.to.be.empty;
    expect(pageOf(page, readKept())).to.equal(page);
  });

  it('is made anew between two lines, and stays as it is before and after them', () => {
    const lines = page.split('\n');
    const fresh = pageOf(page, [result('etcd-3.6')]).split('\n');
    expect(fresh[0]).to.equal(lines[0]);
    expect(fresh.at(-2)).to.equal(lines.at(-2));
    expect(fresh).to.include('| etcd 3.6.16 | Node.js 20.20.2 | short | 12 | 0 | 61 s | 2026-11-26 |');
    expect(() => pageOf('# Nothing', [])).to.throw('docs/compatibility.md must have the lines');
  });
});
