import type { Stretch } from './tenures.js';

/** A time in which nobody led, in microseconds. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** The times in which nobody led, from the first leader on and up to `end`. */
export function findGaps(stretches: readonly Stretch[], end: number): Gap[] {
  const sorted = [...stretches].sort((a, b) => a.from - b.from);
  const gaps: Gap[] = [];
  let led = sorted[0]?.to ?? end;
  for (const { from, to } of sorted) {
    if (from >= end) break;
    if (from > led) gaps.push({ from: led, to: from });
    led = Math.max(led, to);
  }
  if (led < end && end - led > AT_THE_END) gaps.push({ from: led, to: end });
  return gaps;
}

/** Microseconds at the end of a run that may lack a leader, because the last sample comes some time before the end. */
const AT_THE_END = 1_000_000;

export interface Distribution {
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

export function distributionOf(gaps: readonly Gap[]): Distribution {
  const lengths = gaps.map(({ from, to }) => (to - from) / 1_000).sort((a, b) => a - b);
  const at = (share: number): number => lengths[Math.ceil(share * lengths.length) - 1] ?? 0;
  return { count: lengths.length, p50: at(0.5), p99: at(0.99), longest: lengths.at(-1) ?? 0 };
}
