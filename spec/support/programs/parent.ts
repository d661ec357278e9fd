/**
 * Calls `end` when the process that has forked this one is gone, however it ended. Also when it is gone already: while this
 * program is being loaded nobody listens to `disconnect`.
 */
export function whenOrphaned(end: () => void = () => process.exit()): void {
  process.once('disconnect', end);
  if (!process.connected) end();
}
