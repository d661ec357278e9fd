import { parseArgs } from 'node:util';

export interface Arguments {
  readonly help: boolean;
  /** Names of cases; empty for all. */
  readonly cases: readonly string[];
  /** Writes the report to stdout as JSON, and everything else to stderr. */
  readonly json: boolean;
  readonly quick: boolean;
  /** A target that is not met fails the run. */
  readonly check: boolean;
  /** Draws the pictures. */
  readonly svg: boolean;
  /** Puts the report into this file, beside the cases it has already. */
  readonly into: string | undefined;
  /** Measures nothing, and takes the report from this file. */
  readonly from: string | undefined;
}

export const BENCH_USAGE = `npm run bench -- [case …] [options]

  --json        the report as JSON on stdout; everything else goes to stderr
  --into FILE   writes the report into FILE, and keeps the other cases that it has
  --from FILE   measures nothing: prints, checks or draws the report in FILE
  --svg         draws docs/img/*.svg from the report
  --check       ends with 1 when a target is not met
  --quick       tiny amounts: shows that everything works, measures nothing`;

/** @throws TypeError from Node, which names the option that is wrong */
export function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      svg: { type: 'boolean', default: false },
      into: { type: 'string' },
      from: { type: 'string' },
    },
  });
  const { help, json, quick, check, svg, into, from } = values;
  return { help, json, quick, check, svg, into, from, cases: positionals };
}
