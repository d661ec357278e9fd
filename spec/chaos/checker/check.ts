import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readLog } from '../log/log.js';
import { type Distribution, distributionOf, findGaps, type Gap } from './availability.js';
import { type Balance, balanceAt } from './balance.js';
import { excuseEarlyEnds, removalsBy } from './early-ends.js';
import { Faults } from './faults.js';
import { type Disorder, findDisorder, findOverlaps, type Overlap } from './overlaps.js';
import { Processes } from './processes.js';
import { Tasks } from './tasks.js';
import { Tenures } from './tenures.js';
import { Writes, type WriteTotals } from './writes.js';

/** Everything that the logs of a run say. */
export interface Findings {
  readonly faults: Faults;
  readonly processes: Processes;
  readonly samples: number;
  readonly elections: number;
  /** Terms after the first term, in all elections and in the main election. */
  readonly changes: { readonly all: number; readonly main: number };
  readonly overlaps: readonly Overlap[];
  readonly disorder: readonly Disorder[];
  readonly writes: WriteTotals;
  readonly badWrites: readonly string[];
  /** Times without a leader by kind of fault, in the main election and in all elections. */
  readonly unavailability: ReadonlyMap<string, { readonly main: Distribution; readonly all: Distribution }>;
  readonly total: { readonly main: Distribution; readonly all: Distribution };
  /** For each election, the milliseconds from the end of all faults until it was led; undefined when it never was. */
  readonly recovery: ReadonlyMap<string, number | undefined>;
  /** Undefined: the run had no pool. */
  readonly pool: PoolFindings | undefined;
}

export interface PoolFindings {
  readonly partitions: number;
  readonly tasks: number;
  /** Tasks whose end says something about the next one's beginning. */
  readonly held: number;
  readonly badTasks: readonly string[];
  /** When the candidates were told to end; undefined: the run was not finished. */
  readonly balance: Balance | undefined;
}

/** Reads the logs in a folder line by line. What is kept in memory grows with the number of terms. */
export async function checkLogs(folder: string): Promise<Findings> {
  const [tenures, writes, processes, faults] = [new Tenures(), new Writes(), new Processes(), new Faults()];
  const tasks = new Tasks();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
    const name = basename(file, '.log');
    tenures.open(name);
    processes.open(name);
    tasks.open(name);
    for await (const record of readLog(join(folder, file))) {
      for (const part of [tenures, writes, processes, faults, tasks]) part.add(record);
    }
  }
  processes.close();

  const byElection = tenures.tenures();
  const [main] = faults.elections;
  const end = faults.endingAt ?? Number.MAX_SAFE_INTEGER;
  const gaps = new Map(faults.elections.map((name) => [name, findGaps(tenures.stretches(name), end)]));
  const changesOf = (name: string | undefined): number => Math.max(0, (byElection.get(name ?? '')?.length ?? 0) - 1);
  const lists = [...byElection.values()];
  const found = {
    overlaps: lists.flatMap((list) => findOverlaps(list, faults.removals)),
    disorder: lists.flatMap(findDisorder),
  };
  return {
    faults,
    processes,
    samples: tenures.samples,
    elections: faults.elections.length,
    changes: { all: faults.elections.map(changesOf).reduce((a, b) => a + b, 0), main: changesOf(main) },
    ...excuseEarlyEnds(found, faults.earlyEnds),
    writes: writes.totals,
    badWrites: writes.violations(),
    unavailability: new Map(
      faults.kinds.map((kind) => [kind, distributionsOf(gaps, main, (at) => faults.at(at).includes(kind))]),
    ),
    total: distributionsOf(gaps, main, () => true),
    recovery: new Map(faults.elections.map((name) => [name, recoveryOf(tenures, name, faults.healedAt)])),
    pool: poolOf(faults, tasks, tenures),
  };
}

function poolOf(faults: Faults, tasks: Tasks, tenures: Tenures): PoolFindings | undefined {
  if (faults.pool === undefined) return undefined;
  const { owners, workers } = faults.pool;
  const elections = faults.elections.filter((name) => name.startsWith(owners));
  const { endingAt } = faults;
  return {
    partitions: elections.length,
    tasks: tasks.count,
    held: tasks.held,
    badTasks: tasks.violations([...faults.removals, ...removalsBy(faults.earlyEnds)]),
    balance: endingAt === undefined ? undefined : balanceAt(endingAt, { elections, workers }, tenures),
  };
}

function distributionsOf(
  gaps: ReadonlyMap<string, readonly Gap[]>,
  main: string | undefined,
  belongs: (from: number) => boolean,
): { readonly main: Distribution; readonly all: Distribution } {
  const own = (list: readonly Gap[]): Gap[] => list.filter(({ from }) => belongs(from));
  return {
    main: distributionOf(own(gaps.get(main ?? '') ?? [])),
    all: distributionOf(own([...gaps.values()].flat())),
  };
}

function recoveryOf(tenures: Tenures, election: string, healedAt: number | undefined): number | undefined {
  if (healedAt === undefined) return undefined;
  const after = tenures.stretches(election).filter(({ to }) => to >= healedAt);
  if (after.length === 0) return undefined;
  return Math.max(0, Math.min(...after.map(({ from }) => from)) - healedAt) / 1_000;
}
