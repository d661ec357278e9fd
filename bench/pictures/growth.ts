import { type BenchReport, type Measured, measurementOf } from '../report.js';
import { type Chart, chart, legend, type Series } from './chart.js';
import { LOOK, milliseconds } from './contestants.js';
import { svg, text } from './svg.js';

const WHO: readonly Measured[] = ['etcd-leader', 'etcd3', 'floor'];

/** Draws what N elections in one process cost, or N candidates in one election. */
export function growth(report: BenchReport): string | undefined {
  const fleets = growing(report, 'fleet', WHO);
  const takeovers = growing(report, 'takeover', WHO);
  const crowds = growing(report, 'crowd', ['etcd-leader', 'observing', 'etcd3', 'floor']);
  if (fleets.length === 0 || takeovers.length === 0 || crowds.length === 0) return undefined;
  const panel = (column: number, title: string, series: readonly Series[]): Chart => ({
    title,
    x: 70 + column * 325,
    y: 96,
    width: 235,
    height: 230,
    series,
    labelX: (n) => n.toLocaleString('en'),
    labelY: milliseconds,
  });
  const looks = (['etcd-leader', 'observing', 'etcd3', 'floor'] as const).map((who) => LOOK[who]);
  const { etcd, members, cores } = report.machine;
  const machine = `etcd ${etcd}, ${members} members and all clients on ${cores} cores.`;
  return svg(990, 390, 'Cost against the number of elections and of candidates', [
    text(20, 32, 'Cost against N, p50', { bold: true, size: 15 }),
    ...legend(250, 28, looks),
    ...chart(panel(0, 'N elections in one process: all lead', fleets)),
    ...chart(panel(1, 'N taken over by a second process', takeovers)),
    ...chart(panel(2, 'one leader change among N candidates', crowds)),
    text(20, 376, `Lower is better; both axes are logarithmic. ${machine}`, { size: 11 }),
  ]);
}

function growing(report: BenchReport, prefix: string, contestants: readonly Measured[]): Series[] {
  const sizes = report.results
    .flatMap(({ id }) => new RegExp(`^${prefix}-(\\d+)$`).exec(id)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  return contestants.flatMap((who): Series[] => {
    const measured = sizes.map((n) => [n, measurementOf(report, `${prefix}-${n}`, who)] as const);
    const points = measured.flatMap(([n, m]): [number, number][] => (m?.time ? [[n, m.time.p50]] : []));
    const failed = measured.find(([, m]) => m !== undefined && m.outcome !== 'ok')?.[1];
    const end = failed && points.length > 0 ? { end: failed.outcome } : {};
    return points.length === 0 ? [] : [{ ...LOOK[who], points, ...end }];
  });
}
