import type { Distribution } from './availability.js';
import type { Findings } from './check.js';
import type { Overlap } from './overlaps.js';

/** Formats the figures of a run for people. */
export function describeFindings(findings: Findings): string {
  const { faults, processes, samples, elections, changes, overlaps, disorder, writes, recovery } = findings;
  const applied = [...faults.applied.values()].reduce((a, b) => a + b, 0);
  const [bad, byHand, byEtcd] = ([undefined, 'removed by hand', 'ended by etcd'] as const).map((excuse) =>
    overlaps.filter((overlap) => overlap.excuse === excuse),
  ) as [Overlap[], Overlap[], Overlap[]];
  const late = disorder.filter(({ excuse }) => excuse !== undefined).length;
  const ended = faults.earlyEnds.reduce((sum, { leases }) => sum + leases.size, 0);
  const longest = (list: readonly Overlap[]): string => ms(Math.max(0, ...list.map(({ length }) => length / 1_000)));
  const slowest = Math.max(0, ...[...recovery.values()].map((time) => time ?? Number.POSITIVE_INFINITY));
  return [
    `faults           ${applied} of ${faults.applied.size} kinds in ${faults.steps.length} steps`,
    `samples          ${samples}`,
    `leader changes   ${changes.main} in the main election, ${changes.all} in all ${elections}`,
    `overlaps         ${bad.length}, longest ${longest(bad)}`,
    `  excused        ${byHand.length}, longest ${longest(byHand)} (a key or lease had just been removed by hand)`,
    `  by etcd        ${byEtcd.length}, longest ${longest(byEtcd)}, ${late} out of order (${ended} leases ended ` +
      `before their time, ${faults.earlyEnds.length} times by a member that went on and did not lead raft any more)`,
    `guarded writes   ${writes.committed} committed, ${writes.refused} refused, ` +
      `${writes.unknown} without a reply, ${writes.found} found in etcd`,
    `  out of order   ${findings.badWrites.length}`,
    `led again        ${ms(slowest)} after the end of all faults, at the latest`,
    ...pool(findings),
    `terms ended by   ${list(processes.unelected)}`,
    `errors           ${list(processes.errors)}`,
    '',
    ...unavailability(findings),
    '',
    ...memory(findings),
  ].join('\n');
}

function pool({ pool: found, faults }: Findings): string[] {
  if (found === undefined) return [];
  const { partitions, tasks, held, badTasks, balance } = found;
  const shares = [...(balance?.shares ?? [])].map(([worker, count]) => `${worker} ${count}`).join(', ');
  return [
    `pool             ${tasks} tasks in ${partitions}, ${held} ended in order, ${badTasks.length} not in turn`,
    `  forged plans   ${list(faults.forged)}`,
    `  at the end     ${shares === '' ? 'unknown' : shares}, nobody ${balance?.unowned.length ?? 0}`,
  ];
}

function unavailability({ faults, unavailability: byKind, total }: Findings): string[] {
  const row = (name: string, applied: string, main: Distribution, all: Distribution): string => {
    const cells = [main.count, ms(main.p50), ms(main.p99), ms(main.longest), all.count, ms(all.p50), ms(all.longest)];
    return name.padEnd(22) + [applied, ...cells].map((cell) => String(cell).padStart(10)).join('');
  };
  const head = ['applied', 'main: gaps', 'p50', 'p99', 'longest', 'all: gaps', 'p50', 'longest'];
  return [
    'nobody leads'.padEnd(22) + head.map((cell) => cell.padStart(10)).join(''),
    ...[...byKind].map(([kind, { main, all }]) => row(kind, String(faults.applied.get(kind) ?? 0), main, all)),
    row('all', '', total.main, total.all),
  ];
}

function memory({ processes }: Findings): string[] {
  const lasting = new Map<string, (typeof processes.memories)[number]>();
  for (const entry of processes.memories) {
    const name = entry.process.replace(/-\d+$/, '');
    if (entry.over >= (lasting.get(name)?.over ?? 0)) lasting.set(name, entry);
  }
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [...lasting.values()].map(
    ({ process, first, last, most, resources, over }) =>
      `memory of ${process.padEnd(9)} ${mib(first)} -> ${mib(last)} (most ${mib(most)}), ` +
      `resources ${resources.join(' -> ')}, in ${(over / 1e6).toFixed(0)} s`,
  );
}

function ms(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}

function list(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? 'none' : [...counts].map(([code, n]) => `${code} ${n}`).join(', ');
}
