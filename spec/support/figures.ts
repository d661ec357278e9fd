/** Prints what a spec measured, below its name. Specs assert only what must hold on the slowest machine. */
export function figure(what: string, ...values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  const ms = (value: number | undefined): string => `${Math.round(value ?? Number.NaN)} ms`;
  const text =
    sorted.length > 1
      ? `median ${ms(median(values))}, longest ${ms(sorted.at(-1))}, of ${sorted.length}`
      : ms(sorted[0]);
  console.log(`      · ${what}: ${text}`);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Milliseconds since the stopwatch was made. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

/** Returns `[0, 1, … count - 1]`, for things that are done at the same time. */
export function times(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}
