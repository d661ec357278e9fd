import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'etcd-leader-cluster-';

/** A fresh folder for a cluster. Its name says whose it is: process id and, where the system tells, when that started. */
export function createFolder(): string {
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}.${startOf(process.pid) ?? 0}-`));
}

/** Removes what runs left behind that could not clean up themselves: their members, then their folders. */
export function sweep(root = tmpdir()): string[] {
  const swept: string[] = [];
  for (const name of readdirSync(root)) {
    const owner = name.startsWith(PREFIX) ? /^(\d+)\.(\d+)-/.exec(name.slice(PREFIX.length)) : null;
    if (owner === null || isAlive(Number(owner[1]), Number(owner[2]))) continue;
    reap(join(root, name));
    swept.push(name);
  }
  return swept;
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
