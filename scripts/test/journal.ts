import { existsSync, readFileSync } from 'node:fs';
import type { FailedSpec, JournalRecord } from '../../spec/support/journal.js';

/** What the journal of one or more runs of mocha tells. */
export interface SpecResults {
  readonly passed: number;
  readonly failed: readonly FailedSpec[];
  /** Specs that did not run, because a hook before them failed or the process ended. */
  readonly left: number;
  /** The spec or hook that ran when the process ended before its specs had; undefined when there was none. */
  readonly interrupted: { readonly title: string; readonly file: string } | undefined;
}

/** Undefined when no run of mocha began, or its specs could not be loaded. */
export function readJournal(file: string): SpecResults | undefined {
  return existsSync(file) ? resultsOf(readFileSync(file, 'utf8')) : undefined;
}

export function resultsOf(text: string): SpecResults | undefined {
  const failed: FailedSpec[] = [];
  let [runs, over, left, passed] = [0, 0, 0, 0];
  let current = { title: '', file: '' };
  for (const record of recordsIn(text)) {
    switch (record.at) {
      case 'start':
        runs++;
        left += record.total;
        break;
      case 'begin':
        current = { title: record.title, file: record.file };
        break;
      case 'end':
        current = { title: '', file: '' };
        break;
      case 'passed':
        passed++;
        left--;
        break;
      case 'failed':
        if (record.was === 'running') left--;
        if (record.was === 'passed') passed--;
        failed.push({ title: record.title, file: record.file, error: record.error });
        break;
      case 'over':
        over++;
    }
  }
  return runs === 0 ? undefined : { passed, failed, left, interrupted: over < runs ? current : undefined };
}

/** The last line counts only with its line end, because a killed process may have left it half written. */
export function recordsIn(text: string): JournalRecord[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalRecord);
}
