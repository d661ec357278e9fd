/**
 * Calls `end` when the process that forked this one is gone, however it ended. It also does so when the parent is gone
 * already, because nobody listens to `disconnect` while this program is being loaded.
 */
export function whenOrphaned(end: () => void = () => process.exit()): void {
  process.once('disconnect', end);
  if (!process.connected) end();
}
