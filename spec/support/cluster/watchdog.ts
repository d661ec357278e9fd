/**
 * Outlives the process that runs a cluster, just long enough to remove the cluster. The watchdog's standard input ends
 * when that process does, however it ends. The argument is the cluster's folder.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reap } from './orphans.js';

const self = fileURLToPath(import.meta.url);

/** Starts the watchdog. Resolves with a function that tells it that the folder is gone. */
export function watchOver(folder: string): () => void {
  const child = spawn(process.execPath, [self, folder], {
    detached: true, // a signal from the terminal must not end it
    stdio: ['pipe', 'ignore', 'ignore'],
    env: withoutHooks(process.env),
  });
  child.on('error', () => {}); // the watchdog did not start; the next run cleans up
  child.stdin.on('error', () => {});
  child.unref();
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return () => child.stdin.destroy();
}

/** The environment without coverage and loaders, which are only for the process that was asked for them. */
function withoutHooks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_V8_COVERAGE: _coverage, NODE_OPTIONS: _options, ...rest } = env;
  return rest;
}

const folder = process.argv[2];
if (process.argv[1] === self && folder !== undefined) {
  process.stdin.resume();
  process.stdin.on('close', () => {
    if (existsSync(folder)) reap(folder);
    process.exit();
  });
}
