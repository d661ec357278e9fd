import { parseArgs } from 'node:util';
import { type FaultKind, parseKinds } from './nemesis/kinds.js';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Undefined means all kinds. */
  readonly faults: readonly FaultKind[] | undefined;
  /** The folder that gets the logs and keeps them. Undefined: a folder that is removed when all is well. */
  readonly folder: string | undefined;
  /** Checks the logs that are in this folder, and runs nothing. */
  readonly check: string | undefined;
  /** Members that were killed or restarted come back as the next release of etcd. */
  readonly upgrade: boolean;
  /** Runs on a library with this mistake in it. The mistake must be found. */
  readonly break: string | undefined;
}

export const CHAOS_USAGE = `npm run chaos -- [options]
  --minutes 5        how long faults are applied
  --seed 7           which faults, in which order; drawn and printed when it is left out
  --faults a,b       only these kinds
  --upgrade          members that were killed or restarted come back as the next release, from etcd 3.4 to 3.7
  --folder DIR       where the logs are kept
  --check DIR        checks the logs of an earlier run and runs nothing
  --break NAME       on a copy of the library with a mistake in it: ends with 1 when what that must break was broken,
                     and with 0 when it was not; npm run test:mutations -- --of chaos ends with 0 when all were found`;

/** @throws when an option is not known, or its value is no number */
export function parseChaosOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      faults: { type: 'string' },
      upgrade: { type: 'boolean', default: false },
      folder: { type: 'string' },
      check: { type: 'string' },
      break: { type: 'string' },
    },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  if (!(minutes > 0)) throw new Error(`\`--minutes\` must be a number above 0; got ${values.minutes}`);
  if (!Number.isInteger(seed) || seed < 0) {
    throw new Error(`\`--seed\` must be a whole number, 0 or more; got ${values.seed}`);
  }
  const faults = values.faults === undefined ? undefined : parseKinds(values.faults);
  const { folder, check, upgrade, break: mistake } = values;
  return { minutes, seed, faults, upgrade, folder, check, break: mistake };
}
