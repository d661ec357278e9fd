import { type BenchReport, type Measured, measurementOf, totalRequests } from './report.js';
import { ratio } from './statistics.js';

interface Target {
  readonly title: string;
  /** The limit as people read it. */
  readonly limit: string;
  readonly atMost: number;
  figure(report: BenchReport): number | undefined;
}

export interface TargetVerdict {
  readonly title: string;
  readonly limit: string;
  readonly figure: number | undefined;
  /** Undefined when the case was not measured. */
  readonly met: boolean | undefined;
}

function p50(report: BenchReport, id: string, who: Measured = 'etcd-leader'): number | undefined {
  return measurementOf(report, id, who)?.time?.p50;
}

function against(who: Measured, id: string): (report: BenchReport) => number | undefined {
  return (report) => ratio(p50(report, id), p50(report, id, who));
}

function figure(id: string, name: string): (report: BenchReport) => number | undefined {
  return (report) => measurementOf(report, id, 'etcd-leader')?.figures?.[name];
}

/** Requests of a change of leader, without the leader's own leaving. */
function requests(id: string): (report: BenchReport) => number | undefined {
  return (report) => {
    const total = totalRequests(measurementOf(report, id, 'etcd-leader')?.requests);
    return total === undefined ? undefined : Math.round((total - 1) * 100) / 100;
  };
}

/** The greatest measured value; undefined when one of the attempts failed. */
function worst(id: string): (report: BenchReport) => number | undefined {
  return (report) => {
    const measurement = measurementOf(report, id, 'etcd-leader');
    return measurement?.outcome === 'ok' ? measurement.time?.max : measurement && Number.POSITIVE_INFINITY;
  };
}

const times = (atMost: number, of: string) => ({ limit: `<= ${atMost} x ${of}`, atMost });
const atMost = (limit: number, unit: string) => ({ limit: `<= ${limit} ${unit}`, atMost: limit });

/** What this library sets out to reach. */
export const TARGETS: readonly Target[] = [
  { title: 'handover, stop()', ...times(1.25, 'floor'), figure: against('floor', 'handover-stop') },
  { title: 'handover, stop()', ...times(0.55, 'etcd3'), figure: against('etcd3', 'handover-stop') },
  { title: 'handover, stop()', ...times(1.2, "Go's"), figure: against('go', 'handover-stop') },
  { title: 'handover, stepDown()', ...times(1.25, 'floor'), figure: against('floor', 'handover-stepdown') },
  { title: 'handover, stepDown()', ...times(0.55, 'etcd3'), figure: against('etcd3', 'handover-stepdown') },
  {
    title: 'handover 20 ms after queueing',
    ...times(1.3, 'settled'),
    figure: (report) => ratio(p50(report, 'handover-20ms'), p50(report, 'handover-stop')),
  },
  { title: 'crash, key deleted to elected', ...times(1.15, 'floor'), figure: against('floor', 'crash') },
  { title: 'start, ready session', ...times(1.15, 'floor'), figure: against('floor', 'start-ready') },
  { title: 'start, own session', ...times(1.25, 'floor'), figure: against('floor', 'start-own') },
  { title: '10 candidates, a change', ...atMost(2.2, 'requests beside the leave'), figure: requests('crowd-10') },
  { title: '1,000 candidates, a change', ...atMost(2.2, 'requests beside the leave'), figure: requests('crowd-1000') },
  {
    title: '1,000 candidates that observe, a change',
    ...times(1.25, 'those that do not'),
    figure: (report) => ratio(p50(report, 'crowd-1000', 'observing'), p50(report, 'crowd-1000')),
  },
  { title: '10,000 elections lead', ...times(1.3, 'floor'), figure: against('floor', 'fleet-10000') },
  { title: '10,000 elections lead', ...atMost(0, 'errors'), figure: figure('fleet-10000', 'errors') },
  { title: '10,000 taken over', ...times(1.5, 'floor'), figure: against('floor', 'takeover-10000') },
  {
    title: '10,000 taken over, watches created',
    ...times(1.5, 'floor'),
    figure: against('floor', 'takeover-10000-settled'),
  },
  { title: '10,000 taken over, the slowest', ...atMost(2_000, 'ms'), figure: worst('takeover-10000') },
  { title: '10,000 taken over', ...atMost(0, 'errors'), figure: figure('takeover-10000', 'errors') },
  { title: 'heap of an election that leads', ...atMost(3_400, 'bytes'), figure: figure('fleet-10000', 'heap bytes') },
  {
    title: 'heap of an election that waits',
    ...atMost(3_900, 'bytes'),
    figure: figure('takeover-10000', 'heap bytes'),
  },
  ...['cold-apart', 'join-apart'].map((phase) => ({
    title: `a pool of 10,000, ${phase}: planning blocks an event loop`,
    ...atMost(50, 'ms'),
    figure: figure(`pool-10000-${phase}`, 'of its own work ms'),
  })),
  {
    title: 'a pool of 10,000, a join',
    ...atMost(1_000, 'moves'),
    figure: figure('pool-10000-join', 'moves'),
  },
  {
    title: 'a pool of 10,000, a rolling restart',
    ...atMost(2, 'moves per partition'),
    figure: figure('pool-10000-rolling', 'moves per partition'),
  },
  {
    title: 'a pool of 10,000, a rolling restart with surge',
    ...atMost(1, 'moves per partition'),
    figure: figure('pool-10000-surge', 'moves per partition'),
  },
  { title: '10,000 elections, idle', ...atMost(1, '% of a core'), figure: figure('fleet-10000', 'idle cpu %') },
];

export function judge(report: BenchReport): TargetVerdict[] {
  return TARGETS.map(({ title, limit, atMost, figure: find }) => {
    const found = find(report);
    return { title, limit, figure: found, met: found === undefined ? undefined : found <= atMost };
  });
}
