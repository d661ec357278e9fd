import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const STOPS_WITHIN = 1_000;

/**
 * Stops a process with SIGSTOP, and returns when each of its threads stands still: the kernel stops the threads one
 * by one, and until then the process may answer. Returns false when there is no such process.
 */
export function stopProcess(child: ChildProcess | undefined): boolean {
  if (child?.kill('SIGSTOP') !== true) return false;
  const end = Date.now() + STOPS_WITHIN;
  while (someThreadRuns(child.pid) && Date.now() < end) sleep(1);
  return true;
}

function someThreadRuns(pid: number | undefined): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).some((id) => !/\) [TtZX] /.test(readFileSync(`${tasks}/${id}/stat`, 'latin1')));
  } catch {
    return false; // the process is gone, or the system has no /proc
  }
}

/** Blocks the event loop, so that nothing else of the spec happens between the signal and the stop. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
