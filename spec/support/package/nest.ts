import { join } from 'node:path';
import { type CommandOutcome, runCommand } from '../cluster/run.js';
import { install, manifest, writeInto } from './project.js';

/** What Nest's starter has, of these versions, and the packages that the page speaks of. */
const STARTER = {
  '@nestjs/common': '^11.0.1',
  '@nestjs/core': '^11.0.1',
  '@nestjs/schedule': '^6.0.0',
  '@nestjs/terminus': '^11.0.0',
  '@nestjs/testing': '^11.0.1',
  '@types/jest': '^30.0.0',
  jest: '^30.0.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.1',
  'ts-jest': '^29.2.5',
  typescript: '~5.9.3',
};

/** The tsconfig.json of the starter. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    resolvePackageJsonExports: true,
    esModuleInterop: true,
    isolatedModules: true,
    declaration: true,
    removeComments: true,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    allowSyntheticDefaultImports: true,
    target: 'ES2023',
    sourceMap: true,
    outDir: './dist',
    incremental: true,
    skipLibCheck: true,
    strictNullChecks: true,
    forceConsistentCasingInFileNames: true,
    noImplicitAny: true,
    strictBindCallApply: true,
    noFallthroughCasesInSwitch: true,
  },
};

/** The part of package.json in which the starter sets Jest up. */
const JEST = {
  moduleFileExtensions: ['js', 'json', 'ts'],
  rootDir: 'src',
  testRegex: '.*\\.spec\\.ts$',
  transform: { '^.+\\.(t|j)s$': 'ts-jest' },
  testEnvironment: 'node',
};

/** An application as `nest new` makes it, with the tarball installed. */
export class NestProject {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<NestProject> {
    const folder = await manifest(STARTER, { jest: JEST });
    const { ok, output } = await install(folder);
    if (!ok) throw new Error(`npm install: ${output}`);
    writeInto(folder, 'tsconfig.json', JSON.stringify(TSCONFIG));
    return new NestProject(folder);
  }

  write(file: string, text: string): void {
    writeInto(this.#folder, join('src', file), text);
  }

  /** Runs the tests of one file. */
  jest(file: string, env: Readonly<Record<string, string>> = {}): Promise<CommandOutcome> {
    const bin = join(this.#folder, 'node_modules/.bin/jest');
    const args = ['--ci', '--cacheDirectory', 'cache', file];
    return runCommand(bin, args, { cwd: this.#folder, within: 120_000, env: { ...process.env, ...env } });
  }

  /** Compiles all that was written. */
  tsc(): Promise<CommandOutcome> {
    const bin = join(this.#folder, 'node_modules/.bin/tsc');
    return runCommand(bin, ['--noEmit', '-p', '.'], { cwd: this.#folder, within: 120_000 });
  }
}

/** The packages of Nest 12, which are ES modules. */
const NEXT = {
  '@nestjs/common': '^12.0.0',
  '@nestjs/core': '^12.0.0',
  '@nestjs/schedule': '^12.0.0',
  '@nestjs/testing': '^12.0.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.1',
};

/** Runs a program, an ES module without TypeScript, in a project with Nest 12. */
export async function runOnNest12(program: string): Promise<CommandOutcome> {
  const folder = await manifest(NEXT);
  const { ok, output } = await install(folder);
  if (!ok) throw new Error(`npm install: ${output}`);
  writeInto(folder, 'program.mjs', program);
  return await runCommand(process.execPath, ['program.mjs'], { cwd: folder, within: 60_000 });
}
