import { expect } from 'chai';
import { until } from '../wait.js';
import { type PoolProcess, runPoolWorker } from './pool-processes.js';

/** Milliseconds, for what many processes on a busy machine do together. */
const SLOW = 90_000;

interface Span {
  readonly who: string;
  readonly from: number;
  readonly to: number;
}

export interface FleetOptions {
  readonly hosts: readonly string[];
  /** The pool's. */
  readonly name: string;
  readonly partitions: number;
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly settle?: number;
}

/** All processes that ever were workers of a pool in a spec, and what they have told. */
export class PoolFleet {
  readonly all: PoolProcess[] = [];
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Starts a worker. `label`: what the process is called in the spec, since two may be workers of one name. */
  run(member: string, label = member): PoolProcess {
    const worker = runPoolWorker({ ...this.#options, member }, label);
    this.all.push(worker);
    return worker;
  }

  /** Waits until these own all partitions, and differ by one at the most. */
  async balanced(workers: readonly PoolProcess[]): Promise<void> {
    const isEven = (): boolean => {
      const counts = workers.map(({ owned }) => owned.size);
      const sum = counts.reduce((a, b) => a + b, 0);
      return sum === this.#options.partitions && Math.max(...counts) - Math.min(...counts) <= 1;
    };
    const counts = (): string => workers.map(({ label, owned }) => `${label} ${owned.size}`).join(', ');
    try {
      await until(isEven, { within: SLOW, what: 'the pool to be balanced' });
    } catch (err) {
      throw new Error(`not balanced: ${counts()}`, { cause: err });
    }
  }

  /** How often partitions were gained since the beginning. */
  get gains(): number {
    return this.all.reduce((sum, worker) => sum + worker.of('gained').length, 0);
  }

  /** Stops the rest, and compares what all that ever were have told. */
  async expectOneOwner(rest: readonly PoolProcess[]): Promise<void> {
    for (const worker of rest) worker.askToStop();
    for (const worker of rest) await worker.exited();
    const owned = this.all.flatMap((worker) => worker.of('owned').map((span) => ({ ...span, who: worker.label })));
    expect(owned.length).to.be.greaterThan(this.#options.partitions);
    expect(overlaps(byPartition(owned)), 'owners at one moment').to.deep.equal([]);
    expect(overlaps(byPartition(this.all.flatMap(tasksOf))), 'tasks at one moment').to.deep.equal([]);
    for (const { reports } of this.all) {
      const told = new Map<string, string>();
      for (const report of reports) {
        if (report.event !== 'gained' && report.event !== 'lost') continue;
        expect(told.get(report.partition) ?? 'lost').not.to.equal(report.event);
        told.set(report.partition, report.event);
      }
    }
  }
}

/** The spans of each partition that overlap. */
function overlaps(spans: ReadonlyMap<string, readonly Span[]>): string[] {
  return [...spans].flatMap(([partition, all]) => {
    const sorted = [...all].sort((a, b) => a.from - b.from);
    return sorted.flatMap((span, at) => {
      const next = sorted[at + 1];
      if (next === undefined || next.from > span.to || next.who === span.who) return [];
      return [`${partition}: ${span.who} until ${span.to}, ${next.who} from ${next.from}`];
    });
  });
}

function byPartition(entries: readonly (Span & { readonly partition: string })[]): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { partition, ...span } of entries) spans.set(partition, [...(spans.get(partition) ?? []), span]);
  return spans;
}

/** Tasks whose partition was let go in order: the others have until the end of the lease. */
function tasksOf(worker: PoolProcess): (Span & { readonly partition: string })[] {
  const ends = worker.of('ends');
  return worker.of('begins').flatMap(({ partition, at }) => {
    const end = ends.find((other) => other.partition === partition && other.at >= at);
    if (end?.code.startsWith('LEASE')) return [];
    return [{ partition, who: worker.label, from: at, to: end?.at ?? at }];
  });
}
