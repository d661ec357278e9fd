import { warningOf } from '../../spec/support/cluster/release.js';
import { MATRIX_COLUMNS } from './columns.js';
import { isLeftOut, type MatrixResult } from './result.js';

const HEAD = ['ran on', 'with', 'specs', 'passed', 'failed', 'took', 'on'];

/** The rows of the table that a run of the matrix ends with, and that docs/compatibility.md shows. */
export function runtimeRows(result: MatrixResult): string[][] {
  return result.map((column) => {
    const { of = 'etcd', version = '' } = MATRIX_COLUMNS.find(({ name }) => name === column.name) ?? {};
    if (isLeftOut(column)) return [`${of} ${version}`.trim(), '–', '–', '–', 'left out', '–', '–'];
    const { form, etcd, runtime, passed, failed, seconds, date } = column;
    const [subject, other] = of === 'etcd' ? [`etcd ${etcd}`, runtime] : [runtime, `etcd ${etcd}`];
    return [subject, other, form, String(passed), String(failed.length), `${seconds} s`, date];
  });
}

/** A table of Markdown. */
export function tableOf(result: MatrixResult): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(HEAD), `|${HEAD.map(() => '---').join('|')}|`, ...runtimeRows(result).map(line)];
}

/** A table of what failed and what was left out; empty when there is nothing to say. */
export function remarksOn(result: MatrixResult): string[] {
  const rows = result.flatMap((column) => {
    if (isLeftOut(column)) return [`| \`${column.name}\` | left out: ${column.leftOut} |`];
    return column.failed.map((title) => `| \`${column.name}\` | failed: ${title} |`);
  });
  return rows.length === 0 ? [] : ['| column | remark |', '|---|---|', ...rows];
}

/** Warnings of the releases on which specs ran. */
export function warningsFor(result: MatrixResult): string[] {
  const releases = result.flatMap((column) => (isLeftOut(column) ? [] : [column.etcd]));
  return [...new Set(releases)].flatMap((release) => warningOf(release) ?? []);
}
