import { appendFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Runnable } from 'mocha';

const DIST = fileURLToPath(new URL('../..', import.meta.url));

/** What a run of mocha writes down while it goes on, one JSON object a line, because it can be killed at any moment. */
export type JournalRecord =
  | { readonly at: 'start'; readonly total: number }
  /** A spec or a hook begins. A crash before its end is its failure. */
  | { readonly at: 'begin'; readonly title: string; readonly file: string }
  | { readonly at: 'end' }
  | { readonly at: 'passed' }
  | ({ readonly at: 'failed'; readonly was: Before; readonly isCrash: boolean } & FailedSpec)
  | { readonly at: 'over' };

/** The state of a spec before it failed. A spec that has passed fails when it left something open. */
export type Before = 'running' | 'passed' | 'failed' | 'a hook';

export interface FailedSpec {
  readonly title: string;
  /** The source, relative to the project's folder, with the line if the error tells it: `spec/run.spec.ts:12`. */
  readonly file: string;
  /** The first line of the error. */
  readonly error: string;
}

export function writeRecord(journal: string, record: JournalRecord): void {
  appendFileSync(journal, `${JSON.stringify(record)}\n`);
}

/**
 * A spec or a hook as people know it. A hook of all specs has no file, so it gets the file of the spec that it
 * surrounds.
 */
export function nameOf(runnable: Runnable): { readonly title: string; readonly file: string } {
  const spec = runnable.ctx?.currentTest;
  const isOfAll = isHook(runnable) && runnable.parent?.root === true;
  const title = isOfAll && spec !== undefined ? `${spec.fullTitle()} (${runnable.title})` : runnable.fullTitle();
  return { title, file: sourceOf(runnable.file ?? spec?.file ?? '') };
}

export function failureOf(runnable: Runnable, err: unknown): FailedSpec {
  const { title, file } = nameOf(runnable);
  const { message = String(err), stack = '' } = err instanceof Error ? err : {};
  // With source maps, the stack names the source.
  const line = file === '' ? undefined : /^\d+/.exec(stack.split(`${file}:`)[1] ?? '')?.[0];
  return { title, file: line === undefined ? file : `${file}:${line}`, error: message.trim().split('\n')[0] ?? '' };
}

export function isHook(runnable: Runnable): boolean {
  return 'type' in runnable && runnable.type === 'hook';
}

/** The source of what was compiled: `spec/run.spec.ts`. */
function sourceOf(compiled: string): string {
  const path = relative(DIST, compiled).split(sep).join('/');
  return compiled === '' || path.startsWith('..') ? compiled : path.replace(/\.js$/, '.ts');
}
