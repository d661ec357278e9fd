import { readFileSync } from 'node:fs';

/** Ticks in which Linux counts the processor time of a process, in a second: the same on all common machines. */
const TICKS = 100;

/** Milliseconds of processor time that a process has used; undefined where there is no `/proc`. */
export function cpuOf(pid: number): number | undefined {
  // The name of the program may hold spaces; the fields after it are counted from its closing bracket.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  return fields && ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS;
}

/** Bytes of memory that a process has in use; undefined where there is no `/proc`. */
export function memoryOf(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
