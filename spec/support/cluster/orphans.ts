import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataRoot, dataRoots } from './data-root.js';

/** What a folder is for: the data of a cluster, what processes of a test run write, the logs of a chaos run. */
export type FolderKind = 'cluster' | 'run' | 'chaos';

/** The kind, and the process id and start of the owner. */
const NAME = /^etcd-leader-(cluster|run|chaos)-(\d+)\.(\d+)-/;

/** Makes a folder. Its name says who owns it: the process id and, where the system tells, when that process started. */
export function createFolder(kind: FolderKind): string {
  return mkdtempSync(join(dataRoot(), `etcd-leader-${kind}-${process.pid}.${startOf(process.pid) ?? 0}-`));
}

/** All folders of one kind, of all runs on this machine. */
export function foldersOf(kind: FolderKind): string[] {
  return dataRoots().flatMap((root) =>
    readdirSync(root)
      .filter((name) => NAME.exec(name)?.[1] === kind)
      .map((name) => join(root, name)),
  );
}

/** Removes what killed runs left behind: their members, then their folders. */
export function sweep(roots: readonly string[] = dataRoots()): void {
  for (const root of roots) {
    for (const name of readdirSync(root)) {
      const [, , pid, start] = NAME.exec(name) ?? [];
      if (pid !== undefined && !isAlive(Number(pid), Number(start))) reap(join(root, name));
    }
  }
}

/** Kills the servers whose data is in `folder`, and no other process; then removes the folder. */
export function reap(folder: string): void {
  for (const pid of serversIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself meanwhile
    }
  }
  try {
    // A member that is just being killed may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  } catch {
    // it belongs to another user, or another run removes it at the same moment
  }
}

function serversIn(folder: string): number[] {
  return commandLines()
    .filter(({ args }) => dataOf(args)?.startsWith(`${folder}/`))
    .map(({ pid }) => pid);
}

/** The folder of the data, as etcd, Redis and PostgreSQL are told. */
function dataOf(args: readonly string[]): string | undefined {
  const ofEtcd = args.find((arg) => arg.startsWith('--data-dir='));
  if (ofEtcd !== undefined) return ofEtcd.slice(ofEtcd.indexOf('=') + 1);
  const flag = args.findIndex((arg) => arg === '--dir' || arg === '-D');
  return flag < 0 ? undefined : args[flag + 1];
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

/** Lists processes where there is no /proc, as on macOS. */
function askPs(): { readonly pid: number; readonly args: readonly string[] }[] {
  const out = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 1 << 24 });
  return out.split('\n').flatMap((line) => {
    const [pid, ...args] = line.trim().split(/\s+/);
    return pid === undefined || pid === '' ? [] : [{ pid: Number(pid), args }];
  });
}

/** Whether the owner still runs. True when that cannot be told, because somebody may still need the folder. */
function isAlive(pid: number, start: number): boolean {
  const now = startOf(pid);
  if (now !== undefined) return start === 0 || now === start; // else another process has got this number since
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The start of a process, in clock ticks since the machine's start. */
function startOf(pid: number): number | undefined {
  const stat = tryRead(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything. The fields after it are numbers, and the start is the 20th.
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
