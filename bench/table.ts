import {
  type BenchReport,
  type Measurement,
  p50Ratio,
  type RequestsByMethod,
  type Result,
  totalRequests,
} from './report.js';
import type { TargetVerdict } from './targets.js';

/** The report as people read it. */
export function tableOfReport(report: BenchReport): string {
  const { machine } = report;
  const lines = [
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}`,
    `etcd ${machine.etcd}, ${machine.members} members on loopback, data on ${machine.dataOn}`,
  ];
  return [...lines, ...report.results.map(section)].join('\n');
}

function section(result: Result): string {
  const [before, after] = result.load;
  const heading = `\n${result.title}  (${result.id}; load ${before} to ${after})`;
  const head = ['', 'p50', 'p90', 'p99', 'ms', '/ floor', '/ etcd3', 'requests'];
  const rows = result.measurements.map((m) => row(result, m));
  const figures = result.measurements.flatMap(({ who, figures: more = {} }) => {
    const entries = Object.entries(more);
    return entries.length === 0 ? [] : [`  ${who}: ${entries.map(([name, n]) => `${name} ${n}`).join(', ')}`];
  });
  const lag = result.measurements.find(({ who }) => who === 'etcd-leader')?.lag;
  const tail = lag === undefined ? [] : [`  event loop late by ${lag.p99} ms (p99), ${lag.max} ms (max)`];
  return [heading, ...align([head, ...rows]), ...figures, ...tail].join('\n');
}

function row(result: Result, measurement: Measurement): string[] {
  const { who, outcome, note, time, requests } = measurement;
  if (outcome !== 'ok') return [who, outcome, note ?? ''];
  const figure = (n: number | undefined): string => (n === undefined ? '–' : n.toFixed(2));
  return [
    who,
    figure(time?.p50),
    figure(time?.p90),
    figure(time?.p99),
    `n ${time?.n ?? 0}`,
    figure(p50Ratio(result, who, 'floor')),
    figure(p50Ratio(result, who, 'etcd3')),
    describeRequests(requests),
  ];
}

/** "3 (Txn 1, Range 2)" */
export function describeRequests(requests: RequestsByMethod | undefined): string {
  if (requests === undefined) return '–';
  const methods = Object.entries(requests).filter(([, n]) => n !== 0);
  const total = Math.round((totalRequests(requests) ?? 0) * 100) / 100;
  return `${total} (${methods.map(([method, n]) => `${method} ${n}`).join(', ')})`;
}

export function verdicts(all: readonly TargetVerdict[]): string {
  const rows = all.map(({ title, limit, figure, met }) => {
    const found = figure === undefined ? 'not measured' : `${figure}`;
    return [met === undefined ? '?' : met ? 'met' : 'NOT MET', title, limit, found];
  });
  return ['\ntargets', ...align(rows)].join('\n');
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows.filter(({ length }) => length > 3)) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((cells) => `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
