/** Milliseconds on the machine's monotonic clock: comparable between processes, finer than `Date.now()`. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
