import { readdirSync, readFileSync } from 'node:fs';

/** Signals a process or, when `target` is negative, a process group, as `kill` does. False: there is none. */
export function sendSignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'; // there is a process, but it has changed its user
  }
}

/**
 * Whether any process of `target` still runs. A zombie does not count: an orphan's parent is process 1, and in a
 * container process 1 may never collect it.
 */
export function runs(target: number): boolean {
  if (!sendSignal(target, 0)) return false;
  const states = statesOf(target);
  // Nothing to be seen: on another system, or because the last zombie was collected in this moment.
  return states.length === 0 ? sendSignal(target, 0) : states.some((state) => state !== 'Z' && state !== 'X');
}

/** The states of the processes as Linux names them, `R`, `S`, `Z` and so on; empty on other systems. */
export function statesOf(target: number): string[] {
  if (process.platform !== 'linux') return [];
  const pids = target < 0 ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [String(target)];
  return pids.flatMap((pid) => {
    const [state, , group] = stat(pid);
    return state !== undefined && (target > 0 || Number(group) === -target) ? [state] : [];
  });
}

/** The process group of a process on Linux; undefined when the process has ended. */
export function processGroupOf(pid: number): number | undefined {
  const [, , group] = stat(String(pid));
  return group === undefined ? undefined : Number(group);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html from the third field on; the second may hold spaces. */
function stat(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // the process has ended meanwhile
  }
}
