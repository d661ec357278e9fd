import type { Machine } from './machine.js';
import { ratio, type TimesSummary } from './statistics.js';

/**
 * This library, the same with `observe: true` where a case tells the two apart, etcd3's own, Go's own where Go is on
 * the machine, the bare operations.
 */
export const CONTESTANTS = ['etcd-leader', 'observing', 'etcd3', 'go', 'floor'] as const;
/** `viewed`: this library, while three viewers follow the elections. */
export type Measured = (typeof CONTESTANTS)[number] | 'viewed';

/** How a contestant's part of a case has ended. Every outcome but `ok` is a result too. */
export type PartOutcome = 'ok' | 'crashed' | 'timed out' | 'failed';

/** Requests that etcd has received, by method. Each message on a stream counts. */
export type RequestsByMethod = Readonly<Record<string, number>>;

/** How late the measured event loop was, in milliseconds beyond what a timer takes anyway. */
export interface Lag {
  readonly p99: number;
  readonly max: number;
}

export interface Measurement {
  readonly who: Measured;
  readonly outcome: PartOutcome;
  /** Why the outcome is not `ok`. */
  readonly note?: string;
  readonly time?: TimesSummary;
  /** Milliseconds, in the order in which they were measured. */
  readonly samples: readonly number[];
  /** Requests per iteration, on average. */
  readonly requests?: RequestsByMethod;
  /** Other figures of the case, each with its unit in its name. */
  readonly figures?: Readonly<Record<string, number>>;
  readonly lag?: Lag;
}

/** One case: every contestant's measurements, taken in turn in the same run. */
export interface Result {
  /** Stable: targets and pictures refer to it. */
  readonly id: string;
  readonly title: string;
  /** The machine's load (1 minute) before and after the case. */
  readonly load: readonly [number, number];
  readonly measurements: readonly Measurement[];
}

export interface BenchReport {
  readonly version: 1;
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

export function measurementOf(report: BenchReport, id: string, who: Measured): Measurement | undefined {
  return report.results.find((result) => result.id === id)?.measurements.find((m) => m.who === who);
}

/** The p50 of one contestant divided by the p50 of another. */
export function p50Ratio(result: Result, a: Measured, b: Measured): number | undefined {
  const p50 = (who: Measured): number | undefined => result.measurements.find((m) => m.who === who)?.time?.p50;
  return ratio(p50(a), p50(b));
}

export function totalRequests(requests: RequestsByMethod | undefined): number | undefined {
  return requests && Object.values(requests).reduce((sum, n) => sum + n, 0);
}
