let names = 0;

/** A name that nothing else in this process has, nor another run on the same cluster. */
export function uniqueName(prefix = 'spec'): string {
  names++;
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${names}`;
}
