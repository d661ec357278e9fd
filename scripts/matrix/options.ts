import { parseArgs } from 'node:util';
import { type Form, MATRIX_COLUMNS, type MatrixColumn } from './columns.js';

export interface MatrixOptions {
  readonly columns: readonly MatrixColumn[];
  readonly form: Form;
  /** Runs nothing: makes docs/compatibility.md of the results of earlier runs. */
  readonly onlyPage: boolean;
}

export const MATRIX_USAGE = `npm run test:matrix -- [options]
  --short                 what differs between releases
  --only etcd-3.6,bun     some columns: ${MATRIX_COLUMNS.map(({ name }) => name).join(', ')}
  --page                  runs nothing: makes docs/compatibility.md of the last result of each column`;

/** @throws when an option is not known, or names no column */
export function parseMatrixOptions(args: readonly string[]): MatrixOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      page: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !MATRIX_COLUMNS.some((column) => column.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `\`--only\` must name some of: ${MATRIX_COLUMNS.map(({ name }) => name).join(', ')}; got ${unknown}`,
    );
  }
  const columns = MATRIX_COLUMNS.filter(({ name }) => names === undefined || names.includes(name));
  return { columns, form: values.short ? 'short' : 'whole', onlyPage: values.page };
}
