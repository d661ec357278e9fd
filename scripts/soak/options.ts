import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly runs: number;
  /** The name of one suite; undefined means all suites. */
  readonly suite: string | undefined;
  /** Runs nothing: the load is for something else. */
  readonly onlyLoad: boolean;
  readonly withoutLoad: boolean;
}

export const SOAK_USAGE = `npm run test:soak -- [options]
  --runs 10              how often everything is run
  --suite integration    one suite instead of all
  --only-load            the load alone, until Ctrl-C, for what you run beside it
  --without-load         the runs alone`;

/** @throws when an option is not known, or its value makes no sense */
export function parseSoakOptions(args: readonly string[], suites: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '10' },
      suite: { type: 'string' },
      'only-load': { type: 'boolean', default: false },
      'without-load': { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`\`--runs\` must be a whole number, 1 or more; got ${values.runs}`);
  }
  const { suite } = values;
  if (suite !== undefined && !suites.includes(suite)) {
    throw new Error(`\`--suite\` must be one of: ${suites.join(', ')}; got ${suite}`);
  }
  const [onlyLoad, withoutLoad] = [values['only-load'], values['without-load']];
  if (onlyLoad && withoutLoad) throw new Error('`--only-load` and `--without-load` leave nothing to do');
  return { runs, suite, onlyLoad, withoutLoad };
}
