/**
 * Microseconds on the machine's one monotonic clock. `process.hrtime` is CLOCK_MONOTONIC, which all processes of a
 * machine share, so times of several processes can be compared. (`performance.now()` counts from each process's own
 * start.)
 */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
