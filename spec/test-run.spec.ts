import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Run } from '../scripts/test/run.js';
import { newLogs, RunLogs } from '../scripts/test/run-logs.js';
import { type Step, suiteOf } from '../scripts/test/step.js';
import { tracked } from './support/track.js';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}

describe('a run of steps', () => {
  let logs: RunLogs;
  let printed: string;
  let run: Run;

  beforeEach(() => {
    logs = new RunLogs(scratch());
    tracked({ close: () => logs.close(true) });
    printed = '';
    const print = (text: string): void => {
      printed += text;
    };
    run = new Run({ logs, mochaArgs: [], print });
  });

  const step = (name: string, passes: boolean | Error = true, more: Partial<Step> = {}): Step => ({
    name,
    run: async (stage) => {
      stage.say(`${name} says`);
      if (passes instanceof Error) throw passes;
      return passes;
    },
    ...more,
  });
  const results = (): string[] => run.outcomes.map(({ name, result }) => `${name} ${result}`);

  it('goes on after a step that fails or throws', async () => {
    await run.carryOut([step('lint', false), step('unit', new Error('no room')), step('package')]);
    expect(results()).to.deep.equal(['lint failed', 'unit failed', 'package passed']);
    expect(run.outcomes.map(({ reason }) => reason)).to.deep.equal(['failed', 'no room', '']);
  });

  it('leaves out what needs all others when one of them has failed', async () => {
    await run.carryOut([step('unit', false), step('coverage', true, { needsAll: true })]);
    expect(results()).to.deep.equal(['unit failed', 'coverage left out']);
  });

  it('passes when there was nothing to run for one of its steps, and tells so', async () => {
    const leaves: Partial<Step> = {
      run: async (stage) => {
        stage.leaveOut('docker is not installed');
        return true;
      },
    };
    await run.carryOut([step('unit'), step('compose', true, leaves)]);
    expect([results(), run.hasPassed]).to.deep.equal([['unit passed', 'compose left out'], true]);
  });

  it('begins nothing more once it is interrupted', async () => {
    const interrupted = step('unit', true, {
      run: async () => {
        run.interrupt('SIGINT');
        return false;
      },
    });
    await run.carryOut([interrupted, step('package')]);
    expect([results(), run.hasPassed]).to.deep.equal([['unit failed', 'package left out'], false]);
  });

  it('runs what the machine has cores for at the same time, and does not mix the output', async () => {
    let letGo = (): void => {};
    const third = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const waits: Step['run'] = async (stage) => {
      await third;
      stage.say('first goes on');
      return true;
    };
    const lets: Step['run'] = async (stage) => {
      stage.say('third says');
      letGo();
      return true;
    };
    const steps = [
      step('before'),
      step('first', true, { cores: 0.1, run: waits }),
      step('second', false, { cores: 0.1 }),
      step('third', true, { cores: 0.1, run: lets }),
      step('after'),
    ];
    await run.carryOut(steps);
    expect(results()).to.deep.equal(['before passed', 'first passed', 'second failed', 'third passed', 'after passed']);
    const lines = printed.split('\n').filter((line) => line !== '');
    const second = ['── second', 'second says', '── second failed'];
    expect(lines).to.deep.equal([
      ...['── before', 'before says'],
      ...['── first', 'first goes on', ...second, '── third', 'third says'],
      ...['── after', 'after says'],
    ]);
  });

  it('asks for all steps of a suite by its name', async () => {
    const asked: boolean[] = [];
    const asks: Step['run'] = async ({ isAskedFor }) => {
      asked.push(isAskedFor);
      return true;
    };
    const steps = ['cluster', 'faults', 'unit'].map((name) =>
      step(name, true, { run: asks, ...(name !== 'unit' && { suite: 'integration' }) }),
    );
    await new Run({ logs, mochaArgs: [], asked: 'integration', print: () => {} }).carryOut(steps);
    expect([asked, steps.map(suiteOf)]).to.deep.equal([
      [true, true, false],
      ['integration', 'integration', 'unit'],
    ]);
  });

  it('keeps the output of every step, without colours', async () => {
    const speaks: Partial<Step> = {
      run: async (stage) => {
        stage.say('\u001b[31mred\u001b[0m');
        return true;
      },
    };
    await run.carryOut([step('unit', true, speaks)]);
    expect(readFileSync(join(logs.folder, 'unit.log'), 'utf8')).to.equal('\n── unit\nred\n');
  });

  it('keeps what the processes of a step wrote when it has failed, and only then', async () => {
    const writes = (passes: boolean): Partial<Step> => ({
      run: async (stage) => {
        writeFileSync(join(stage.folder, 'etcd.log'), 'etcd says');
        return passes;
      },
    });
    await run.carryOut([step('cli', true, writes(true)), step('chaos', true, writes(false))]);
    expect(existsSync(join(logs.folder, 'cli'))).to.equal(false);
    expect(readFileSync(join(logs.folder, 'chaos', 'etcd.log'), 'utf8')).to.equal('etcd says');
  });

  it('leaves no logs when it has passed, and nothing outside them in any case', () => {
    logs.close(false);
    expect([existsSync(logs.folder), existsSync(logs.scratch)]).to.deep.equal([false, false]);
    const others = new RunLogs(scratch());
    others.close(true);
    expect([existsSync(others.folder), existsSync(others.scratch)]).to.deep.equal([true, false]);
  });
});

describe('the logs of test runs', () => {
  it('are removed when there are newer ones of ten runs', () => {
    const home = scratch();
    mkdirSync(join(home, '2019-01-01T00-00-00-test-1'));
    writeFileSync(join(home, 'a file of somebody'), '');
    for (let minute = 0; minute < 12; minute++) newLogs('test', home, new Date(Date.UTC(2020, 0, 1, 0, minute)));
    const left = readdirSync(home).sort();
    expect(left).to.have.length(11);
    expect([left[0], left.at(-1)]).to.deep.equal([`2020-01-01T00-02-00-test-${process.pid}`, 'a file of somebody']);
  });
});
