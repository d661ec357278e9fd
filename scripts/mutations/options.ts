import { parseArgs } from 'node:util';

/** Where mutations are tried. */
export const SUITES = ['simulation', 'pool', 'chaos'] as const;

export type SuiteName = (typeof SUITES)[number];

/** Needs neither etcd nor many minutes. */
const BY_DEFAULT: readonly SuiteName[] = ['simulation', 'pool'];

export interface MutationOptions {
  readonly of: readonly SuiteName[];
  /** A part of the names of those that are tried. */
  readonly only: string;
  /** How many schedules of the simulation a mutation has before it is looked whether it was found. */
  readonly schedules: number;
  /** The first schedule. */
  readonly from: number;
  /** How many schedules a mutation has that was not found. */
  readonly most: number;
  /** The number of processes that run schedules. */
  readonly shards: number;
}

export const MUTATIONS_USAGE = `npm run test:mutations -- [options]
  --of pool,chaos     where: simulation, pool (the specs of the pool), chaos; by default simulation,pool
  --only TEXT         the mutations with this in their names
  --schedules 1000    schedules of the simulation for each mutation; more when these do not find it
  --most 8000         schedules for a mutation that is not found
  --from 1            the first schedule
  --shards 2          processes that run schedules
Ends with 0 when what each mutation must break was found broken, and with 1 otherwise.`;

/** @throws when an option is not known, or its value makes no sense */
export function parseMutationOptions(args: readonly string[]): MutationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      of: { type: 'string', default: BY_DEFAULT.join(',') },
      only: { type: 'string', default: '' },
      schedules: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      most: { type: 'string', default: '8000' },
      shards: { type: 'string', default: '2' },
    },
  });
  const of = values.of.split(',').map((name) => {
    const suite = SUITES.find((one) => one === name);
    if (suite === undefined) throw new Error(`\`--of\` must be some of: ${SUITES.join(', ')}; got ${values.of}`);
    return suite;
  });
  const whole = (option: 'schedules' | 'from' | 'most' | 'shards'): number => {
    const value = Number(values[option]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new Error(`\`--${option}\` must be a whole number, 1 or more; got ${values[option]}`);
  };
  return {
    of: [...new Set(of)],
    only: values.only,
    schedules: whole('schedules'),
    from: whole('from'),
    most: whole('most'),
    shards: whole('shards'),
  };
}
