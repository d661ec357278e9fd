import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { processGroupOf } from './process-group.js';

/** The variable that marks everything that a command starts. Its value is a list, because one `run` may run another. */
const VARIABLE = 'ETCD_LEADER_RUN';

/** A mark that no other command has. */
export function newMark(): string {
  return randomBytes(12).toString('hex');
}

/** The environment of a command with this mark, and with the marks of all commands around it. */
export function marked(env: NodeJS.ProcessEnv, mark: string): NodeJS.ProcessEnv {
  const outer = env[VARIABLE];
  return { ...env, [VARIABLE]: outer === undefined || outer === '' ? mark : `${outer}:${mark}` };
}

/**
 * The processes that a command has started and that have left its process group, as daemons do (`setsid`). They are
 * known by their environment, which is theirs from the beginning. Not found are processes that were given another
 * environment (`env -i`, `sudo`, `docker run`), that have overwritten it, that run as another user, and all on systems
 * without /proc.
 */
export function escaped(mark: string, group: number): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || !environmentOf(name).includes(mark)) return [];
    const pid = Number(name);
    return processGroupOf(pid) === group ? [] : [pid];
  });
}

/** Empty when the process has ended, or is not ours to look at. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
