import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createFolder } from '../../spec/support/cluster/orphans.js';
import { root } from './tool.js';

/** Runs whose logs are kept. Runs that passed leave none. */
const KEPT = 10;

/** The folders that a run writes to. */
export class RunLogs {
  /** The output of the steps: `logs/<date>-test`, on the disk. */
  readonly folder: string;
  /**
   * For what processes write while they run. It lies in memory, if there is enough, so that no spec waits for the disk.
   */
  readonly scratch: string;
  readonly #onExit = (): void => rmSync(this.scratch, { recursive: true, force: true });

  constructor(home?: string) {
    this.folder = newLogs('test', home);
    this.scratch = createFolder('run');
    process.once('exit', this.#onExit);
  }

  /** The folder as people are told: relative to the working directory, if it lies below that. */
  get place(): string {
    const path = relative(process.cwd(), this.folder);
    return path.startsWith('..') ? this.folder : path;
  }

  /** After a step, keeps what its processes wrote, or removes it before it fills the memory. */
  settle(scratch: string, name: string, isKept: boolean): void {
    if (isKept && readdirSync(scratch).length > 0) cpSync(scratch, join(this.folder, name), { recursive: true });
    rmSync(scratch, { recursive: true, force: true });
  }

  close(isKept: boolean): void {
    if (!isKept) rmSync(this.folder, { recursive: true, force: true });
    process.removeListener('exit', this.#onExit);
    this.#onExit();
  }
}

/** Makes a folder for the logs of a run, and removes the logs of the oldest runs. Git ignores all logs. */
export function newLogs(kind: 'test' | 'chaos', home = join(root, 'logs'), now = new Date()): string {
  const date = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const folder = join(home, `${date}-${kind}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  // The names begin with the date, so the oldest logs come first.
  const runs = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = runs.map(({ name }) => name).sort();
  for (const name of names.slice(0, -KEPT)) rmSync(join(home, name), { recursive: true, force: true });
  return folder;
}
