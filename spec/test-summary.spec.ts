import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MOCHA } from '../scripts/test/mocha.js';
import { type Facts, leftOut, stepOutcome } from '../scripts/test/outcome.js';
import { countsOf, failuresOf, minutesText, summaryLines } from '../scripts/test/summary.js';
import { root } from '../scripts/test/tool.js';
import { tracked } from './support/track.js';

const WELL = { code: 0, signal: null } as const;
const expiry = {
  title: 'a leader cut off from etcd stops leading before the next one starts',
  file: 'spec/integration/expiry.spec.ts:42',
  error: 'waited 10000 ms for a candidate to be elected',
};

function facts(more: Partial<Facts>): Facts {
  return {
    name: 'integration',
    passed: false,
    took: 61_000,
    endings: [{ code: 1, signal: null }],
    output: '',
    ...more,
  };
}

const specs = { passed: 3, failed: [expiry], left: 0, interrupted: undefined };
const passed = stepOutcome(facts({ name: 'lint', passed: true, endings: [WELL] }));

describe('the last lines of a test run', () => {
  const linesOf = (...failures: readonly Facts[]): string[] =>
    summaryLines([passed, ...failures.map(stepOutcome)], 62_000, 'logs/now');

  it('say what passed when all has passed', () => {
    expect(summaryLines([passed], 62_000, undefined)).to.deep.equal(['── passed in 1 min 2 s: lint']);
  });

  it('say what there was nothing to run for', () => {
    const lines = summaryLines([passed, leftOut('compose', 'docker is not installed')], 0, undefined);
    expect(lines).to.deep.equal(['── passed in 0 s: lint', '   left out: compose, docker is not installed']);
  });

  it('name every failed spec with its file and its error, and the folder of the logs', () => {
    expect(linesOf(facts({ specs, output: 'a lot' }))).to.deep.equal([
      '── failed in 1 min 2 s: integration',
      '   passed: lint',
      '',
      'integration: 1 failed',
      `  ✗ ${expiry.title}`,
      `    ${expiry.file}: ${expiry.error}`,
      '',
      'logs: logs/now',
    ]);
  });

  it('tell of a step that was left out', () => {
    const lines = summaryLines([stepOutcome(facts({})), leftOut('coverage', 'since something failed')], 0, 'logs/now');
    expect(lines[1]).to.equal('   left out: coverage, since something failed');
  });

  const reasonOf = (more: Partial<Facts>): string => stepOutcome(facts(more)).reason;

  it('say which signal killed a step, and in which spec', () => {
    const interrupted = { title: 'a thing works', file: 'spec/a.spec.ts' };
    const cut = { passed: 3, failed: [], left: 7, interrupted };
    expect(reasonOf({ endings: [{ code: null, signal: 'SIGKILL' }], specs: cut })).to.equal(
      'killed by SIGKILL, ended in "a thing works" (spec/a.spec.ts), 7 specs did not run',
    );
  });

  it('say that a step hung', () => {
    const endings = [{ code: null, signal: 'SIGTERM', hungFor: 360_000 }] as const;
    expect(reasonOf({ endings })).to.equal('hung: silent for 360 s, then killed');
  });

  it('say what a step has thrown', () => {
    expect(reasonOf({ endings: [], thrown: new Error('no etcd server') })).to.equal('no etcd server');
  });

  it('tell of specs that ended before their time, though their process claims that all is well', () => {
    const cut = { passed: 1, failed: [], left: 2, interrupted: { title: '', file: '' } };
    const outcome = stepOutcome(facts({ passed: true, endings: [WELL], specs: cut }));
    expect([outcome.result, outcome.reason]).to.deep.equal(['failed', 'ended between two specs, 2 specs did not run']);
  });

  it('name a failed spec though its process claims that all is well', () => {
    const claimed = facts({ passed: true, endings: [WELL], specs });
    expect(linesOf(claimed)).to.include(`  ✗ ${expiry.title}`);
    expect(countsOf([stepOutcome(claimed)])).to.equal('3 1\n');
  });

  it('repeat the lines that a tool marks as telling', () => {
    const output = 'Checked 3 files\nlib/a.ts:3:5 lint ━━━\n  details\nlib/b.ts format ━━━\nthe end\n';
    expect(stepOutcome(facts({ output, telling: /━/ })).details).to.deep.equal([
      'lib/a.ts:3:5 lint ━━━',
      'lib/b.ts format ━━━',
    ]);
  });

  it('repeat ten of them', () => {
    const output = Array.from({ length: 12 }, (_, i) => `lib/${i}.ts ━`).join('\n');
    const { details } = stepOutcome(facts({ output, telling: /━/ }));
    expect(details.slice(-2)).to.deep.equal(['lib/9.ts ━', '… and 2 more']);
  });

  it('repeat the last lines of a tool that marks none', () => {
    const output = 'one\ntwo\nthree\nfour\n\nfive\nsix\n';
    expect(stepOutcome(facts({ output })).details).to.deep.equal(['two', 'three', 'four', 'five', 'six']);
  });
});

describe('what other programs are told of a test run', () => {
  const crashed = { passed: 3, failed: [], left: 7, interrupted: { title: 'a', file: 'a' } };

  it('is each failure by its name', () => {
    const outcomes = [passed, stepOutcome(facts({ specs })), stepOutcome(facts({ name: 'docs' }))];
    expect(failuresOf(outcomes)).to.deep.equal([`integration: ${expiry.title} (${expiry.file})`, 'docs: exit code 1']);
  });

  it('is the number of its specs, where a step that failed without a failed spec is one', () => {
    const outcomes = [
      stepOutcome(facts({ name: 'unit', passed: true, endings: [WELL], specs: { ...specs, failed: [] } })),
      stepOutcome(facts({ specs })),
      stepOutcome(facts({ name: 'docs' })),
      stepOutcome(facts({ specs: crashed })),
      leftOut('coverage', 'since something failed'),
    ];
    expect(countsOf(outcomes)).to.equal('9 3\n');
    expect(countsOf([passed])).to.equal('0 0\n');
  });
});

describe('the run of CI', () => {
  /** Runs `.ci/run` in a project whose `npm test` is the given script. */
  function runCi(npmTest: string): { code: number | null; last: string | undefined } {
    const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-ci-'));
    tracked({ close: () => rmSync(folder, { recursive: true }) });
    mkdirSync(join(folder, '.ci'));
    copyFileSync(join(root, '.ci/run'), join(folder, '.ci/run'));
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${npmTest}\n`, { mode: 0o755 });
    const { SPEC_JOURNAL: _journal, NODE_V8_COVERAGE: _coverage, ...rest } = process.env;
    const env = { ...rest, PATH: `${folder}:${process.env.PATH}` };
    const { status, stdout } = spawnSync(join(folder, '.ci/run'), { env, encoding: 'utf8' });
    return { code: status, last: stdout.trimEnd().split('\n').at(-1) };
  }

  it('ends with what the tests have counted', () => {
    expect(runCi('echo 12 0 >"$SPEC_COUNTS"')).to.deep.equal({ code: 0, last: '12 passed, 0 failed' });
    expect(runCi('echo 11 2 >"$SPEC_COUNTS"; exit 1')).to.deep.equal({ code: 1, last: '11 passed, 2 failed' });
  });

  it('fails when the tests fail without a word, or when no spec ran', () => {
    expect(runCi('echo 12 0 >"$SPEC_COUNTS"; exit 1')).to.deep.equal({ code: 1, last: '12 passed, 1 failed' });
    expect(runCi('exit 1')).to.deep.equal({ code: 1, last: '0 passed, 1 failed' });
    expect(runCi('exit 0')).to.deep.equal({ code: 1, last: '0 passed, 1 failed' });
  });

  it('does not count specs that a spec runs to see them fail', () => {
    const reporter = join(root, 'dist/spec/support/reporter.js');
    const mocha = join(root, 'node_modules', MOCHA);
    const failing = 'echo "it(\'fails\', () => { throw new Error(); });" >some.spec.cjs';
    const nested = `"${process.execPath}" "${mocha}" --reporter "${reporter}" some.spec.cjs >&2`;
    const { last } = runCi(`${failing}; ${nested} || echo 1 0 >>"$SPEC_COUNTS"`);
    expect(last).to.equal('1 passed, 0 failed');
  });
});

describe('a duration', () => {
  it('is told in minutes and seconds', () => {
    expect([999, 59_400, 65_000, 600_000].map(minutesText)).to.deep.equal(['1 s', '59 s', '1 min 5 s', '10 min 0 s']);
  });
});
