import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataRoot, dataRoots } from './data-root.js';

/** What the folders are for: the data of a cluster, what the processes of a test run write, the logs of a chaos run. */
export type FolderKind = 'cluster' | 'run' | 'chaos';

/** Kind, process id and start of the owner. */
const NAME = /^etcd-leader-(cluster|run|chaos)-(\d+)\.(\d+)-/;

/** A fresh folder. Its name says whose it is: process id and, where the system tells, when that process started. */
export function createFolder(kind: FolderKind): string {
  return mkdtempSync(join(dataRoot(), `etcd-leader-${kind}-${process.pid}.${startOf(process.pid) ?? 0}-`));
}

/** The folders of one kind that are there, of all runs on this machine. */
export function foldersOf(kind: FolderKind): string[] {
  return dataRoots().flatMap((root) =>
    readdirSync(root)
      .filter((name) => NAME.exec(name)?.[1] === kind)
      .map((name) => join(root, name)),
  );
}

/** Removes what runs left behind that could not clean up themselves: their members, then their folders. */
export function sweep(roots: readonly string[] = dataRoots()): void {
  for (const root of roots) {
    for (const name of readdirSync(root)) {
      const [, , pid, start] = NAME.exec(name) ?? [];
      if (pid !== undefined && !isAlive(Number(pid), Number(start))) reap(join(root, name));
    }
  }
}

/** Kills the members whose data is in `folder`, and no other process; then removes it. */
export function reap(folder: string): void {
  for (const pid of membersIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself
    }
  }
  try {
    // A member that is just being killed may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  } catch {
    // another user's, or swept by another run at the same moment
  }
}

function membersIn(folder: string): number[] {
  return commandLines()
    .filter(({ args }) => args.some((arg) => arg.startsWith(`--data-dir=${folder}/`)))
    .map(({ pid }) => pid);
}

function commandLines(): { readonly pid: number; readonly args: readonly string[] }[] {
  const procs = listProc();
  if (procs === undefined) return askPs();
  return procs.flatMap((pid) => {
    const text = tryRead(`/proc/${pid}/cmdline`);
    return text === undefined ? [] : [{ pid, args: text.split('\0') }];
  });
}

function listProc(): number[] | undefined {
  if (tryRead('/proc/self/cmdline') === undefined) return undefined;
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Where there is no /proc, macOS for one. */
function askPs(): { readonly pid: number; readonly args: readonly string[] }[] {
  const out = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 1 << 24 });
  return out.split('\n').flatMap((line) => {
    const [pid, ...args] = line.trim().split(/\s+/);
    return pid === undefined || pid === '' ? [] : [{ pid: Number(pid), args }];
  });
}

/** True also when it cannot be told: what may be somebody's is left alone. */
function isAlive(pid: number, start: number): boolean {
  const now = startOf(pid);
  if (now !== undefined) return start === 0 || now === start; // else the number was given to another process since
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks between the machine's start and the process's. */
function startOf(pid: number): number | undefined {
  const stat = tryRead(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; the fields after it are numbers, the start the 20th.
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : Number(ticks);
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
