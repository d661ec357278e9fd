import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './support/docs/pages.js';

/**
 * Names that stand for two things because users know both by them: a command of the command line is named as the method
 * that it calls, and each of two entry points has its own `Detach`.
 */
const KNOWN_TO_USERS = ['Detach', 'observe', 'pause', 'pool', 'run', 'serve', 'stepDown'];

const EXPORTED = /^export (?:declare |abstract |async )*(?:class|const|enum|function\*?|interface|let|type) (\w+)/gm;

interface Source {
  readonly file: string;
  readonly text: string;
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(ROOT, folder, file), 'utf8') }));
}

/** The names that several files export, each with its files: `Step: a.ts, b.ts`. */
function exportedTwice(sources: readonly Source[]): string[] {
  const files = new Map<string, Set<string>>();
  for (const { file, text } of sources) {
    for (const [, name = ''] of text.matchAll(EXPORTED)) files.set(name, (files.get(name) ?? new Set()).add(file));
  }
  return [...files].filter(([, { size }]) => size > 1).map(([name, where]) => `${name}: ${[...where].join(', ')}`);
}

describe('the names', () => {
  const sources = ['lib', 'spec', 'scripts', 'bench'].flatMap(sourcesIn);

  it('stand for one thing each, in the library, the specs, the scripts and the benchmark', () => {
    const twice = exportedTwice(sources).filter((line) => !KNOWN_TO_USERS.includes(line.replace(/:.*/, '')));
    expect(sources.length).to.be.greaterThan(500);
    expect(twice).to.deep.equal([]);
  });

  it('are found where two files export the same one', () => {
    const twice = exportedTwice([
      { file: 'a.ts', text: 'export abstract class World {}\nexport const NOBODY = -1;' },
      { file: 'b.ts', text: 'export interface World {}\ninterface Step {}' },
      {
        file: 'c.ts',
        text: 'export type Step = string;\nexport function step(): void {}\nexport function step(): void {}',
      },
    ]);
    expect(twice).to.deep.equal(['World: a.ts, b.ts']);
  });
});
