import { measurementOf, type Report, type Who } from './report.js';
import { ratio } from './statistics.js';

interface Target {
  readonly title: string;
  /** As a person reads it. */
  readonly limit: string;
  readonly atMost: number;
  figure(report: Report): number | undefined;
}

export interface Verdict {
  readonly title: string;
  readonly limit: string;
  readonly figure: number | undefined;
  /** Undefined: the case was not measured. */
  readonly met: boolean | undefined;
}

function p50(report: Report, id: string, who: Who = 'etcd-leader'): number | undefined {
  return measurementOf(report, id, who)?.time?.p50;
}

function against(who: Who, id: string): (report: Report) => number | undefined {
  return (report) => ratio(p50(report, id), p50(report, id, who));
}

const times = (atMost: number, of: string) => ({ limit: `<= ${atMost} x ${of}`, atMost });

/** What this library sets out to reach. */
export const TARGETS: readonly Target[] = [
  { title: 'handover, stop()', ...times(1.15, 'floor'), figure: against('floor', 'handover-stop') },
  { title: 'handover, stop()', ...times(0.55, 'etcd3'), figure: against('etcd3', 'handover-stop') },
  { title: 'handover, stepDown()', ...times(1.15, 'floor'), figure: against('floor', 'handover-stepdown') },
  { title: 'handover, stepDown()', ...times(0.55, 'etcd3'), figure: against('etcd3', 'handover-stepdown') },
  {
    title: 'handover 20 ms after queueing',
    ...times(1.3, 'settled'),
    figure: (report) => ratio(p50(report, 'handover-20ms'), p50(report, 'handover-stop')),
  },
  { title: 'start, ready session', ...times(1.25, 'floor'), figure: against('floor', 'start-ready') },
  { title: 'start, own session', ...times(1.25, 'floor'), figure: against('floor', 'start-own') },
];

export function judge(report: Report): Verdict[] {
  return TARGETS.map(({ title, limit, atMost, figure: find }) => {
    const found = find(report);
    return { title, limit, figure: found, met: found === undefined ? undefined : found <= atMost };
  });
}
