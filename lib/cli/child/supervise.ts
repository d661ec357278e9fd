import { SystemClock } from '../../common/time.js';
import type { ElectionError } from '../../errors.js';
import type { Leadership } from '../../leadership.js';
import type { Exit } from '../exit.js';
import type { Output } from '../output.js';
import type { Command } from './command.js';
import type { LeaseEnd } from './lease-end.js';

export interface Supervision {
  readonly leaseEnd: LeaseEnd;
  /** ms from SIGTERM to SIGKILL; less when the lease ends before. */
  readonly killAfter: number;
  readonly out: Output;
}

/** How a command's time under one leadership has ended. */
export interface Outcome {
  readonly exit: Exit;
  /** Why leadership was lost while it ran; undefined: it has ended by itself. */
  readonly lost: ElectionError | undefined;
}

/**
 * Stays with the command until nothing is left of it. When leadership is lost it gets SIGTERM, and SIGKILL before the
 * lease can end; so does what it leaves behind when it ends by itself, without haste, since we lead as long as we wait.
 */
export async function supervise(
  command: Command,
  leadership: Leadership,
  { leaseEnd, killAfter, out }: Supervision,
): Promise<Outcome> {
  const { signal } = leadership;
  let lost: ElectionError | undefined;
  let isKilled = false;
  const clock = new SystemClock();
  let cancelKill = (): void => {};

  const kill = (): void => {
    isKilled = true;
    command.signal('SIGKILL');
  };
  const end = (patience: number): void => {
    cancelKill();
    if (patience <= 0) return kill();
    command.signal('SIGTERM');
    command.signal('SIGCONT'); // a stopped process would not hear it
    cancelKill = clock.after(patience, kill);
  };
  const onLost = (): void => {
    lost = signal.reason as ElectionError;
    const patience = Math.round(Math.min(killAfter, leaseEnd.left));
    const then = patience > 0 ? `SIGTERM to the command, SIGKILL in ${patience} ms` : 'SIGKILL to the command';
    out.warn(`leadership lost (${lost.code}): ${then}`, { code: lost.code, pid: command.pid });
    end(patience);
  };

  if (signal.aborted) onLost();
  else signal.addEventListener('abort', onLost, { once: true });
  const exit = await command.exited;
  if (lost === undefined && command.isAlive) {
    out.warn('the command has left processes behind: SIGTERM to them', { pid: command.pid });
    end(killAfter);
  }
  await command.gone(() => isKilled);
  cancelKill();
  signal.removeEventListener('abort', onLost);
  return { exit, lost };
}
