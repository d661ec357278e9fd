import { join } from 'node:path';
import { type CommandOutcome, runCommand } from '../cluster/run.js';
import { install, manifest, writeInto } from './project.js';

/** Tools as their users have them: the newest that run on every Node.js that this package supports. */
const TOOLS = {
  jest: '^30.0.0',
  'ts-jest': '^29.4.0',
  '@types/jest': '^30.0.0',
  typescript: '~5.9.3',
  vitest: '^4.0.0',
  esbuild: '^0.28.0',
  pnpm: '^10.0.0',
};

/** A project of a user's with the tarball and the tools that users have beside. */
export interface ToolsProject {
  readonly folder: string;
  /** Where its commands lie. */
  readonly bin: string;
  /** Runs one of its commands in a folder of the project. */
  run(folder: string, tool: keyof typeof TOOLS | string, ...args: readonly string[]): Promise<CommandOutcome>;
  write(file: string, text: string): void;
}

let installing: Promise<ToolsProject> | undefined;

/** One in a run. These tools are no packages of this repository: few specs need them, and they are many. */
export function toolsProject(): Promise<ToolsProject> {
  installing ??= make();
  return installing;
}

async function make(): Promise<ToolsProject> {
  const folder = await manifest(TOOLS);
  const { ok, output } = await install(folder);
  if (!ok) throw new Error(`npm install: ${output}`);
  const bin = join(folder, 'node_modules', '.bin');
  return {
    folder,
    bin,
    run: (inside, tool, ...args) => runCommand(join(bin, tool), args, { cwd: join(folder, inside), within: 120_000 }),
    write: (file, text) => writeInto(folder, file, text),
  };
}
