import { parseArgs } from 'node:util';
import { COLUMNS, type Column, type Form } from './columns.js';

export interface MatrixOptions {
  readonly columns: readonly Column[];
  readonly form: Form;
  /** Runs nothing: makes docs/compatibility.md of the results of earlier runs. */
  readonly onlyPage: boolean;
}

export const USAGE = `npm run test:matrix -- [options]
  --short                 what differs between releases
  --only etcd-3.6,bun     some columns: ${COLUMNS.map(({ name }) => name).join(', ')}
  --page                  runs nothing: makes docs/compatibility.md of the last result of each column`;

/** @throws when an option is not known, or names no column */
export function parseOptions(args: readonly string[]): MatrixOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      page: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !COLUMNS.some((column) => column.name === name));
  if (unknown !== undefined) {
    throw new Error(`\`--only\` must name some of: ${COLUMNS.map(({ name }) => name).join(', ')}; got ${unknown}`);
  }
  const columns = COLUMNS.filter(({ name }) => names === undefined || names.includes(name));
  return { columns, form: values.short ? 'short' : 'whole', onlyPage: values.page };
}
