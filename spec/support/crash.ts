/** What the engine throws at code that cannot run. It may be the cause of an error of the library's, which hides it. */
export function isCrash(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  const kinds = [TypeError, ReferenceError, RangeError, SyntaxError];
  return kinds.some((kind) => reason instanceof kind) || isCrash(reason.cause);
}
