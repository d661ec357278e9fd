import { expect } from 'chai';
import type { Step } from '../scripts/test/step.js';
import { COVERAGE, STEPS } from '../scripts/test/steps.js';
import { together } from '../scripts/test/together.js';
import { OutputTurns } from '../scripts/test/turns.js';

/** Steps that end when they are told to. */
class Stages {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly run = async ({ name }: Step): Promise<void> => {
    this.running.push(name);
    await new Promise<void>((resolve) => this.#ends.set(name, resolve));
    this.running.splice(this.running.indexOf(name), 1);
  };

  /** Resolves with what runs then. */
  async end(name: string): Promise<string[]> {
    this.#ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
    return [...this.running];
  }
}

function step(name: string, cores: number, ...after: readonly string[]): Step {
  return { name, cores, after, run: async () => true };
}

describe('steps that run at the same time', () => {
  let stages: Stages;

  beforeEach(() => {
    stages = new Stages();
  });

  it('begin in their order, as far as the cores are enough, and later ones take what is left', async () => {
    const all = together([step('a', 1), step('b', 1.5), step('c', 0.5), step('d', 0.5)], 2, stages.run);
    expect(stages.running).to.deep.equal(['a', 'c', 'd']);
    expect(await stages.end('c')).to.deep.equal(['a', 'd']);
    expect(await stages.end('a')).to.deep.equal(['d', 'b']);
    await stages.end('b');
    expect(await stages.end('d')).to.deep.equal([]);
    await all;
  });

  it('wait for those that must have ended, and not for those that do not run', async () => {
    const all = together([step('b', 0, 'a'), step('a', 0), step('c', 0, 'unit')], 2, stages.run);
    expect(stages.running).to.deep.equal(['a', 'c']);
    expect(await stages.end('a')).to.deep.equal(['c', 'b']);
    await Promise.all([stages.end('b'), stages.end('c')]);
    await all;
  });

  it('run alone when they take more cores than there are', async () => {
    const all = together([step('a', 3), step('b', 0.1)], 2, stages.run);
    expect(stages.running).to.deep.equal(['a']);
    expect(await stages.end('a')).to.deep.equal(['b']);
    await stages.end('b');
    await all;
  });

  it('are refused when they wait for each other', async () => {
    const err = await together([step('a', 1, 'b'), step('b', 1, 'a')], 2, stages.run).catch(String);
    expect(err).to.equal('Error: these wait for each other: a, b');
  });
});

describe('the output of several at the same time', () => {
  let printed: string[];
  let turns: OutputTurns;

  beforeEach(() => {
    printed = [];
    turns = new OutputTurns((text) => {
      if (text !== '') printed.push(text);
    });
  });

  it('is printed at once for the first step, and in one piece for each other', () => {
    const [a, b, c] = [turns.begin(), turns.begin(), turns.begin()];
    a.print('a1');
    b.print('b1');
    c.print('c1');
    c.end();
    a.print('a2');
    expect(printed).to.deep.equal(['a1', 'a2']);
    a.end();
    expect(printed).to.deep.equal(['a1', 'a2', 'c1', 'b1']);
    b.print('b2');
    b.end();
    expect(printed.at(-1)).to.equal('b2');
  });

  it('is printed at once again when all others have ended', () => {
    const a = turns.begin();
    a.end();
    const b = turns.begin();
    b.print('b1');
    expect(printed).to.deep.equal(['b1']);
  });
});

describe('the steps of a run', () => {
  const all = [...STEPS, COVERAGE];

  it('have a name each, and wait only for steps before them', () => {
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const [at, { name, after = [] }] of all.entries())
      expect(names.slice(0, at), name).to.include.members([...after]);
  });

  it('end with the coverage, which has the machine to itself', () => {
    expect([COVERAGE.cores, COVERAGE.needsAll]).to.deep.equal([undefined, true]);
  });
});
