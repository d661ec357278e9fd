import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkLogs, type Findings } from '../chaos/checker/check.js';
import { verdictOn } from '../chaos/checker/verdict.js';
import { encode, type LogRecord } from '../chaos/log/records.js';
import { tracked } from './track.js';

/** Microseconds in a millisecond. */
export const MS = 1_000;
export const SECOND = 1_000_000;

/** Microseconds that a call takes: from the reading of the clock before the call to the reading after it. */
export const CALL = 10;

/** Samples of one term. The first call begins at `from`, and the last call begins at `to`. */
export function leads(token: number, from: number, to: number, election = 'main'): LogRecord[] {
  return [
    ['S', token, [[election, String(token)]]],
    ['R', token, from, from + CALL, to, to + CALL, 1 + Number(to > from), MS],
  ];
}

export function committed(token: number, revision: number, election = 'main'): LogRecord {
  return ['J', [election, String(token)], String(revision), String(revision)];
}

const CONFIRMED: LogRecord = ['W', 0, 1, ['main', '10'], 'committed', '11'];

/**
 * The logs of a run of a minute in which all went well: two leaders, a fault, guarded writes. Specs replace single
 * files.
 */
export const GOOD: Readonly<Record<string, readonly LogRecord[]>> = {
  'ada-1': [...leads(10, SECOND, 20 * SECOND), CONFIRMED],
  'ben-1': leads(20, 21 * SECOND, 70 * SECOND),
  nemesis: [
    ['P', 0, 60_000, ['kill'], ['main']],
    ['F', 20 * SECOND, 1, 'kill', 'ada'],
    ['H', 22 * SECOND, 1],
    ['Q', 60 * SECOND, 'healed'],
    ['Q', 70 * SECOND, 'ending'],
  ],
  journal: [committed(10, 11), committed(20, 21)],
};

export interface Judgement {
  readonly findings: Findings;
  readonly verdict: readonly string[];
}

/** Lets the checker judge {@link GOOD}, with these files in place of the good ones. */
export async function judged(files: Readonly<Record<string, readonly LogRecord[] | string>> = {}): Promise<Judgement> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-checker-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  for (const [name, records] of Object.entries({ ...GOOD, ...files })) {
    writeFileSync(join(folder, `${name}.log`), typeof records === 'string' ? records : records.map(encode).join(''));
  }
  const findings = await checkLogs(folder);
  return { findings, verdict: verdictOn(findings).map(({ message }) => message) };
}
