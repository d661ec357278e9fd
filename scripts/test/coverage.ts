import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.js';
import { root } from './tool.js';

const LINES = 95; // per cent of lib/ that the specs must reach
const collected = join(root, 'coverage', 'tmp');

/** From now on every Node process that is started records which code it ran. */
export function collect(): void {
  rmSync(collected, { recursive: true, force: true });
  process.env.NODE_V8_COVERAGE = collected;
}

/** Prints how much of lib/ the specs reached, with the files that nothing loaded. Returns true when that is enough. */
export async function report(stage: Stage): Promise<boolean> {
  delete process.env.NODE_V8_COVERAGE;
  const which = ['--all', '--src', 'lib', '--include', 'lib/**', '--exclude', '**/*.d.ts', '--exclude-after-remap'];
  const how = ['--reporter', 'text', '--reporter', 'lcovonly', '--check-coverage', '--lines', String(LINES)];
  const without = [...typesOnly(), PAGE].flatMap((file) => ['--exclude', file]);
  return await stage.tool('c8/bin/c8.js', 'report', '--temp-directory', collected, ...which, ...without, ...how);
}

/** What only browsers run: the specs of the page reach it in Chromium, where Node.js counts nothing. */
const PAGE = 'lib/cli/serve/page/*';

/** What the compiler leaves of a source that has only types, as an ES module or as CommonJS. */
const NOTHING_TO_RUN =
  /^(export \{\};|"use strict";\s*Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);)\s*(\/\/.*\s*)?$/;

/** Sources of which nothing is left to run; each would count as a file that no spec reached. */
function typesOnly(): string[] {
  return readdirSync(join(root, 'dist', 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .filter((file) => NOTHING_TO_RUN.test(readFileSync(join(root, 'dist', 'lib', file), 'utf8')))
    .map((file) => join('lib', file.replace(/\.js$/, '.ts')));
}
