import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StepOutcome } from '../test/outcome.js';
import type { ColumnStep } from './column-step.js';
import { type Form, MATRIX_COLUMNS } from './columns.js';

/** How one column went. */
export interface ColumnResult {
  readonly name: string;
  readonly form: Form;
  /** The day, as `2026-11-26`. */
  readonly date: string;
  /** Releases, as they turned out. */
  readonly etcd: string;
  readonly runtime: string;
  readonly passed: number;
  /** Titles of the specs that failed, or why the column failed otherwise. */
  readonly failed: readonly string[];
  readonly seconds: number;
}

/** A column that could not be had. */
export interface LeftOut {
  readonly name: string;
  readonly leftOut: string;
}

/** The last result of each column. */
export type MatrixResult = readonly (ColumnResult | LeftOut)[];

export function resultOf({ name, form, pair }: ColumnStep, outcome: StepOutcome, date: Date): ColumnResult | LeftOut {
  const { result, reason, took, specs } = outcome;
  if (result === 'left out') return { name, leftOut: reason };
  const titles = specs.failed.map(({ title }) => title);
  const failed = result === 'failed' && titles.length === 0 ? [reason] : titles;
  const { etcd = 'unknown', runtime = 'unknown' } = pair ?? {};
  const day = date.toISOString().slice(0, 10);
  return { name, form, date: day, etcd, runtime, passed: specs.passed, failed, seconds: Math.round(took / 1_000) };
}

/** Columns that were run replace what was known of them. What was left out replaces nothing that was run before. */
export function merge(before: MatrixResult, now: MatrixResult): MatrixResult {
  return MATRIX_COLUMNS.flatMap(({ name }) => {
    const [old, fresh] = [before, now].map((results) => results.find((result) => result.name === name));
    const last = fresh === undefined || (isLeftOut(fresh) && old !== undefined && !isLeftOut(old)) ? old : fresh;
    return last === undefined ? [] : [last];
  });
}

export function isLeftOut(result: ColumnResult | LeftOut): result is LeftOut {
  return 'leftOut' in result;
}

export function readResult(file: string): MatrixResult {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MatrixResult) : [];
}

export function writeResult(file: string, result: MatrixResult): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
}
