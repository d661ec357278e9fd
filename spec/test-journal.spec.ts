import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readJournal, resultsOf, type SpecResults } from '../scripts/test/journal.js';
import { MOCHA } from '../scripts/test/mocha.js';
import { root } from '../scripts/test/tool.js';
import type { JournalRecord } from './support/journal.js';
import { tracked } from './support/track.js';

const reporter = fileURLToPath(new URL('support/reporter.js', import.meta.url));

/** Runs a file of specs with our reporter and without our set-up. */
function runSpecs(specs: string): { results: SpecResults | undefined; code: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  writeFileSync(join(folder, 'some.spec.mjs'), specs);
  const journal = join(folder, 'journal');
  const mocha = join(root, 'node_modules', MOCHA);
  const { NODE_V8_COVERAGE: _coverage, ...rest } = process.env;
  const { status } = spawnSync(process.execPath, [mocha, '--reporter', reporter, join(folder, 'some.spec.mjs')], {
    cwd: folder,
    env: { ...rest, SPEC_JOURNAL: journal },
  });
  const results = readJournal(journal);
  const inFolder = (file: string): string => file.replace(`${folder}/`, '');
  if (results === undefined) return { results, code: status };
  const failed = results.failed.map((spec) => ({ ...spec, file: inFolder(spec.file) }));
  const { interrupted } = results;
  const at = interrupted && { ...interrupted, file: inFolder(interrupted.file) };
  return { results: { ...results, failed, interrupted: at }, code: status };
}

function journalOf(...records: readonly JournalRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

describe('the journal of a run of specs', () => {
  const a = { title: 'a thing works', file: 'spec/a.spec.ts' };

  it('tells how many passed and what failed, with file, line and the first line of the error', () => {
    const { results } = runSpecs(`
      describe('a thing', () => {
        it('works', () => {});
        it('breaks', () => {
          throw new Error('it is broken\\nfor several reasons');
        });
      });
    `);
    const failed = [{ title: 'a thing breaks', file: 'some.spec.mjs:5', error: 'it is broken' }];
    expect(results).to.deep.equal({ passed: 1, failed, left: 0, interrupted: undefined });
  });

  it('tells how many specs did not run because a hook before them failed', () => {
    const { results } = runSpecs(`
      describe('a thing', () => {
        before('it is set up', () => Promise.reject(new Error('no room')));
        it('works', () => {});
        it('works on', () => {});
      });
    `);
    const title = 'a thing "before all" hook: it is set up for "works"';
    const failed = [{ title, file: 'some.spec.mjs:3', error: 'no room' }];
    expect(results).to.deep.equal({ passed: 0, failed, left: 2, interrupted: undefined });
  });

  it('counts a spec as failed that fails only after its end', () => {
    const { results } = runSpecs(`
      afterEach('nothing is open', function () {
        this.test.error(new Error('a timer is'));
      });
      it('works', () => {});
    `);
    expect([results?.passed, results?.left]).to.deep.equal([0, 0]);
    expect(results?.failed.map(({ title, error }) => [title, error])).to.deep.equal([['works', 'a timer is']]);
  });

  it('names the spec during which the process was killed, and how many were left', () => {
    const { results } = runSpecs(`
      it('works', () => {});
      it('does not end', () => process.kill(process.pid, 'SIGKILL'));
      it('is not reached', () => {});
    `);
    const interrupted = { title: 'does not end', file: 'some.spec.mjs' };
    expect(results).to.deep.equal({ passed: 1, failed: [], left: 2, interrupted });
  });

  it('is empty when the specs cannot be loaded', () => {
    expect(runSpecs("import './gone.mjs';")).to.deep.equal({ results: undefined, code: 1 });
  });

  it('may hold several runs, each of which must come to its end', () => {
    const first = journalOf({ at: 'start', total: 1 }, { at: 'begin', ...a }, { at: 'passed' }, { at: 'over' });
    const second = journalOf({ at: 'start', total: 3 }, { at: 'begin', ...a });
    expect(resultsOf(first + first)).to.deep.equal({ passed: 2, failed: [], left: 0, interrupted: undefined });
    expect(resultsOf(first + second)).to.deep.equal({ passed: 1, failed: [], left: 3, interrupted: a });
  });

  it('may end in the middle of a line', () => {
    const cut = `${journalOf({ at: 'start', total: 1 }, { at: 'begin', ...a })}{"at":"fai`;
    expect(resultsOf(cut)?.interrupted).to.deep.equal(a);
  });
});
