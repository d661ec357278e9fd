import { expect } from 'chai';
import { CHAOS_MUTATIONS } from './chaos/mutations.js';
import { POOL_MUTATIONS } from './pool/mutations.js';
import { MUTATIONS as OF_SIMULATION } from './simulation/mutations.js';
import { CHECKS } from './simulation/violation.js';
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
