import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { lineOf, type RunResult, totalLines } from '../scripts/soak/lines.js';
import { Load } from '../scripts/soak/load.js';
import { parseSoakOptions } from '../scripts/soak/options.js';
import { tracked } from './support/track.js';
import { until } from './support/wait.js';

const SUITES = ['unit', 'integration'];
const DEFAULTS = { runs: 10, suite: undefined, onlyLoad: false, withoutLoad: false };

describe('the options of a soak', () => {
  it('are ten runs of everything unless told otherwise', () => {
    expect(parseSoakOptions([], SUITES)).to.deep.equal(DEFAULTS);
  });

  it('say how many runs there are, and of what', () => {
    const options = parseSoakOptions(['--runs', '3', '--suite', 'integration'], SUITES);
    expect(options).to.deep.equal({ ...DEFAULTS, runs: 3, suite: 'integration' });
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['--runs 0', /`--runs` must be a whole number, 1 or more; got 0/],
    ['--runs many', /`--runs` must be a whole number, 1 or more; got many/],
    ['--suite nothing', /`--suite` must be one of: unit, integration; got nothing/],
    ['--only-load --without-load', /leave nothing to do/],
    ['--retries 3', /Unknown option/],
  ];
  for (const [args, message] of wrong) {
    it(`are refused when they are ${args}`, () => {
      expect(() => parseSoakOptions(args.split(' '), SUITES)).to.throw(message);
    });
  }
});

describe('the lines of a soak', () => {
  const good: RunResult = { passed: true, took: 480_000, failures: [], leftOut: [], logs: '' };
  const bad = (...failures: string[]): RunResult => ({
    passed: false,
    took: 60_000,
    failures,
    leftOut: [],
    logs: 'logs/a',
  });

  it('tell of each run how it ended, how long it took, what failed and where its logs are', () => {
    expect(lineOf(good, 1, 10)).to.equal('run 1 of 10: passed in 8 min 0 s');
    const line = 'run 2 of 10: failed in 1 min 0 s: cli: a | docs: b; logs: logs/a';
    expect(lineOf(bad('cli: a', 'docs: b'), 2, 10)).to.equal(line);
  });

  it('tell of a run which steps it has left out', () => {
    const line = lineOf({ ...good, leftOut: ['queues', 'compose'] }, 1, 10);
    expect(line).to.equal('run 1 of 10: passed in 8 min 0 s (left out: queues, compose)');
  });

  it('tell at the end how many runs passed, and how often each failure came', () => {
    expect(totalLines([good, bad('cli: a'), bad('docs: b', 'cli: a')], 10)).to.deep.equal([
      '1 passed, 2 failed, 7 not run, 10 min 0 s',
      '  2× cli: a',
      '  1× docs: b',
    ]);
  });
});

describe('the load of a soak', () => {
  const load = fileURLToPath(new URL('../scripts/soak/load.js', import.meta.url));
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
    tracked({ close: () => rmSync(made, { recursive: true }) });
    return made;
  };
  const runs = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('ends when it is closed, and leaves no file behind', async () => {
    const disk = folder();
    const two = tracked(new Load(disk));
    expect([two.pids.map(runs), two.renew()]).to.deep.equal([[true, true], []]);
    two.close();
    await until(() => !two.pids.some(runs), { what: 'both processes to end' });
    expect(readdirSync(disk)).to.deep.equal([]);
  });

  it('is started again when somebody has ended it, and says so', async () => {
    const two = tracked(new Load(folder()));
    const [writer, loop] = two.pids;
    process.kill(writer ?? process.pid);
    let told: string[] = [];
    const isTold = (): boolean => {
      told = two.renew();
      return told.length > 0;
    };
    await until(isTold, { what: 'the end to be noticed' });
    expect(told).to.deep.equal(['the disk-writer had ended with SIGTERM: started again']);
    expect([two.pids.map(runs), two.pids[0] === writer, two.pids[1] === loop]).to.deep.equal([
      [true, true],
      false,
      true,
    ]);
  });

  it('ends with the process that has started it, even when that is killed', async () => {
    const main = join(folder(), 'main.mjs');
    const code = `
      import { Load } from ${JSON.stringify(load)};
      process.send(new Load(process.argv[2]).pids);
      setInterval(() => {}, 1000);
    `;
    writeFileSync(main, code);
    const parent = fork(main, [folder()]);
    tracked({ close: () => parent.kill('SIGKILL') });
    const [pids] = (await once(parent, 'message')) as [number[]];
    expect(pids.map(runs)).to.deep.equal([true, true]);
    parent.kill('SIGKILL');
    await until(() => !pids.some(runs), { what: 'both processes to end' });
  });
});
