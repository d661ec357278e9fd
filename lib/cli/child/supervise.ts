import { onAbort } from '../../common/abort.js';
import { SystemClock } from '../../common/time.js';
import { type ElectionError, toElectionError } from '../../errors.js';
import type { Leadership } from '../../leadership.js';
import type { Exit } from '../exit.js';
import type { Output } from '../output.js';
import type { Command } from './command.js';

/** Share of the TTL, and least milliseconds, to kill early: clocks differ in rate, and SIGKILL takes a moment. */
const MARGIN = 0.01;
const LEAST_MARGIN = 100;

export interface Supervision {
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds from SIGTERM to SIGKILL; fewer when the lease ends earlier. */
  readonly killAfter: number;
  readonly out: Output;
}

/** How a command has ended under one leadership. */
export interface Outcome {
  readonly exit: Exit;
  /** Why leadership was lost while the command ran; undefined: the command ended by itself. */
  readonly lost: ElectionError | undefined;
}

/** Milliseconds for which the command of a lost term may still run; 0 or less: it must be killed. `ttl` in seconds. */
export function timeLeft(leadership: Pick<Leadership, 'grace'>, ttl: number): number {
  return leadership.grace - Math.max(LEAST_MARGIN, 1000 * ttl * MARGIN);
}

/**
 * Waits until neither the command nor anything that it has started runs. When leadership is lost, the command gets
 * SIGTERM, and SIGKILL before the lease can end. Processes that the command leaves behind get SIGTERM, and the whole of
 * `killAfter` before SIGKILL, because we keep leading while we wait for them.
 */
export async function supervise(
  command: Pick<Command, 'pid' | 'exited' | 'isAlive' | 'end' | 'gone'>,
  leadership: Pick<Leadership, 'signal' | 'grace' | 'isCurrent'>,
  { ttl, killAfter, out }: Supervision,
): Promise<Outcome> {
  const { signal } = leadership;
  let lost: ElectionError | undefined;
  let isKilled = false;
  const clock = new SystemClock();
  let cancelKill = (): void => {};

  const kill = (): void => {
    isKilled = true;
    command.end('SIGKILL');
  };
  const end = (patience: number): void => {
    cancelKill();
    if (patience <= 0) return kill();
    command.end('SIGTERM');
    command.end('SIGCONT'); // a stopped process would not hear SIGTERM
    cancelKill = clock.after(patience, kill);
  };
  const onLost = (): void => {
    lost = toElectionError(signal.reason);
    const patience = Math.round(Math.min(killAfter, timeLeft(leadership, ttl)));
    const then = patience > 0 ? `SIGTERM to the command, SIGKILL in ${patience} ms` : 'SIGKILL to the command';
    out.warn(`leadership lost (${lost.code}): ${then}`, { code: lost.code, pid: command.pid });
    end(patience);
  };

  if (signal.aborted) onLost();
  else signal.addEventListener('abort', onLost, { once: true });
  const exit = await command.exited;
  // After a pause we may hear of the command's end by the watchdog before we hear of the end of the term.
  if (!signal.aborted && !leadership.isCurrent()) await new Promise<void>((resolve) => onAbort(signal, resolve));
  if (lost === undefined && command.isAlive) {
    out.warn('the command has left processes behind: SIGTERM to them', { pid: command.pid });
    end(killAfter);
  }
  await command.gone(() => isKilled);
  cancelKill();
  signal.removeEventListener('abort', onLost);
  return { exit, lost };
}
