import { expect } from 'chai';
import { brokenSpecs } from '../scripts/mutations/broken-specs.js';
import { trySpecs } from '../scripts/mutations/of-pool.js';
import { whyNotFound } from '../scripts/mutations/suite.js';
import { CHAOS_MUTATIONS } from './chaos/mutations.js';
import { POOL_MUTATIONS, type PoolMutation } from './pool/mutations.js';
import { MUTATIONS as OF_SIMULATION } from './simulation/mutations.js';
import { CHECKS } from './simulation/violation.js';
import { readPage } from './support/docs/pages.js';
import type { JournalRecord } from './support/journal.js';
import { Mutant } from './support/mutants/mutant.js';
import { MutantCompiler } from './support/mutants/mutant-compiler.js';
import type { Mutation } from './support/mutants/mutation.js';
import { describeBesides, mutantOutcome } from './support/mutants/outcome.js';

describe('a mutant', function () {
  this.timeout(60_000); // the first one waits for everything to be parsed
  const compiler = new MutantCompiler();
  const TABLES = { 'the simulation': OF_SIMULATION, chaos: CHAOS_MUTATIONS, 'the pool': POOL_MUTATIONS };

  for (const [where, table] of Object.entries(TABLES)) {
    for (const mutation of table) {
      it(`has its text once in the source, and compiles, for ${where}: ${mutation.name}`, () => {
        expect([...compiler.compile(mutation).outputs.keys()].sort()).to.deep.equal(['.js', '.js.map']);
      });
    }

    it(`has a name of its own, for ${where}`, () => {
      const names = table.map(({ name }) => name);
      expect(names).to.deep.equal([...new Set(names)]);
    });
  }

  for (const { name, specs, breaks } of POOL_MUTATIONS) {
    it(`names specs that are there, for the pool: ${name}`, () => {
      const text = specs.map((file) => readPage(`spec/pool/${file.replace(/\.js$/, '.ts')}`)).join('');
      expect(breaks.filter((title) => text.split(title).length !== 2)).to.deep.equal([]);
    });
  }

  it('exists for every check of the simulation', () => {
    const broken = new Set(OF_SIMULATION.flatMap(({ breaks }) => breaks));
    expect(CHECKS.filter((check) => !broken.has(check))).to.deep.equal([]);
  });

  const wrong = (search: string, replace: string): Mutation<string> => ({
    name: 'wrong',
    file: 'lib/store/bytes.ts',
    search,
    replace,
    breaks: ['nothing'],
  });

  it('is emitted as the project compiles it, with the mistake in it', () => {
    const { file, outputs } = compiler.compile(wrong("return Buffer.from(key, 'latin1');", 'return Buffer.alloc(7);'));
    expect(file).to.equal('lib/store/bytes.ts');
    expect(outputs.get('.js')).to.include('return Buffer.alloc(7);').and.not.include(': string');
  });

  it('is refused when its types are wrong', () => {
    expect(() => compiler.compile(wrong("return Buffer.from(key, 'latin1');", 'return key;'))).to.throw(
      /^mutation "wrong" does not compile: lib\/store\/bytes\.ts:\d+: Type 'string' is not assignable to type 'Buffer/,
    );
  });

  it('is refused when the types of another file become wrong by it', () => {
    expect(() =>
      compiler.compile(wrong('bytesOf(key: string): Buffer {', 'bytesOf(key: string): Uint8Array {')),
    ).to.throw(/does not compile: .*lib\/campaign\/term\.ts:\d+: /);
  });

  it('is refused when its text is not in the source, or not only once', () => {
    expect(() => compiler.compile(wrong('no such text', ''))).to.throw(/its text is 0 times in lib\/store\/bytes\.ts/);
    expect(() => compiler.compile(wrong('return ', ''))).to.throw(
      /its text is (?:[2-9]|\d\d+) times in lib\/store\/bytes\.ts/,
    );
  });

  it('may leave something without a use, and code that is never reached', () => {
    const unused = wrong("return Buffer.from(key, 'latin1');", "return Buffer.from('');\n  return Buffer.alloc(7);");
    expect(compiler.compile(unused).outputs.get('.js')).to.include('Buffer.alloc(7)');
  });
});

describe('what a mutant is found by', () => {
  const found = (promise: string, isCrash = false) => ({ promise, isCrash });

  it('is the check that the mutant must break, and no other check', () => {
    const outcome = mutantOutcome(
      { breaks: ['a', 'b'] },
      ['a', 'c', 'b', 'c', 'd'].map((promise) => found(promise)),
    );
    expect(outcome.expected).to.equal(2);
    expect(describeBesides(outcome)).to.equal('c 2, d 1');
  });

  it('is no crash, even if the crash breaks the very promise', () => {
    const outcome = mutantOutcome({ breaks: ['a'] }, [found('a', true)]);
    expect(outcome.expected).to.equal(0);
    expect(describeBesides(outcome)).to.equal('a crash 1');
  });
});

describe('what a mutant of the pool is found by', function () {
  this.timeout(120_000);
  const NAMED = 'a plan is written';
  const failed = (title: string, more = {}): JournalRecord => ({
    ...{ at: 'failed', was: 'running', isCrash: false, title, file: 'spec/some.spec.ts', error: 'not so' },
    ...more,
  });
  const brokenBy = (records: readonly JournalRecord[], output = ''): string => {
    const journal = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const outcome = mutantOutcome({ breaks: [NAMED] }, brokenSpecs([NAMED], journal, output).broken);
    return `${outcome.expected}; ${describeBesides(outcome)}`;
  };
  const START: JournalRecord = { at: 'start', total: 2 };
  const OVER: JournalRecord = { at: 'over' };

  it('is the failure of a spec that the mutation names', () => {
    expect(brokenBy([START, failed(`a writer: ${NAMED}, once`), failed('a writer rests'), OVER])).to.equal(
      '1; other specs 1',
    );
  });

  it('is no crash, and nothing that was left open', () => {
    const named = `a writer: ${NAMED}`;
    expect(brokenBy([START, failed(named, { isCrash: true }), OVER])).to.equal('0; a crash 1');
    expect(brokenBy([START, failed(named, { was: 'passed' }), OVER])).to.equal('0; around the specs 1');
    expect(brokenBy([])).to.equal('0; a crash 1');
    expect(brokenBy([START])).to.equal('0; a crash 1');
    expect(brokenBy([START, OVER], '{"level":50,"err":{"type":"TypeError"}}\n')).to.equal('0; a crash 1');
  });

  it('is not the TypeError of which the mutant dies, while its specs run or are loaded', async () => {
    const base = { name: 'dies', file: 'lib/pool/quotas.ts', specs: ['planner.spec.js'] } as const;
    const breaks = ['moves 99 partitions of 10,000'] as const;
    const broken = '(undefined as unknown as readonly number[]).length';
    const at = 'return b.excess - a.excess || a.at - b.at;';
    const mutations: PoolMutation[] = [
      { ...base, breaks, search: at, replace: `return ${broken};` },
      { ...base, breaks, search: 'function divide(', replace: `console.log(${broken});\n\nfunction divide(` },
    ];
    const compiler = new MutantCompiler();
    for (const mutation of mutations) {
      const mutant = new Mutant(compiler.compile(mutation));
      const tried = await trySpecs(mutation, mutant).finally(() => mutant.close());
      expect([tried.outcome.expected, describeBesides(tried.outcome)]).to.deep.equal([0, 'a crash 1']);
      expect(whyNotFound(mutation, tried)).to.deep.equal([
        'not found by what it must break: dies',
        'code that cannot run: dies',
      ]);
    }
  });
});
