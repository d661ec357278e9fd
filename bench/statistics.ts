/** A summary of measured times, in milliseconds. */
export interface TimesSummary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export function summarize(samples: readonly number[]): TimesSummary | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  return { n: sorted.length, min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Interpolates between two samples, so with few samples p99 is nearly the greatest sample. */
function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return round(below + (above - below) * (position - Math.floor(position)));
}

/** Keeps the digits that mean something. */
export function round(value: number): number {
  const digits = Math.abs(value) < 10 ? 1_000 : Math.abs(value) < 1_000 ? 100 : 1;
  return Math.round(value * digits) / digits;
}

export function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : Math.round((a / b) * 1_000) / 1_000;
}
