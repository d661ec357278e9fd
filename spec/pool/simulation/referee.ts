import type { FakeEtcd } from '../../support/fake-etcd/fake-etcd.js';
import type { Player } from './player.js';

/** A promise of the pool that was broken. */
export type PoolCheck =
  | 'one owner'
  | 'tokens'
  | 'pairs'
  | 'tasks'
  | 'owned again'
  | 'balanced'
  | 'moves'
  | 'lists'
  | 'clean end'
  | 'no surprises';

export class PoolViolation extends Error {
  readonly check: PoolCheck;

  constructor(check: PoolCheck, message: string) {
    super(`${check}: ${message}`);
    this.check = check;
  }
}

/** Reasons for which a worker lets a partition go in order: its task ends first. */
const ORDERLY: ReadonlySet<string> = new Set(['REBALANCED', 'STOPPED', 'ABORTED', 'UNHEALTHY']);

interface RunningTask {
  readonly player: Player;
  readonly key: string;
  readonly lease: bigint;
  /** Why its partition was lost; undefined while it is owned. */
  lostBy: string | undefined;
}

/** Watches over the promises while a game goes on. */
export class PoolReferee {
  violation: PoolViolation | undefined;
  gains = 0;
  readonly #etcd: FakeEtcd;
  readonly #tokens = new Map<string, bigint>();
  readonly #tasks = new Map<string, Set<RunningTask>>();
  /** Keys that an operator has deleted: what hangs on them is over without a warning. */
  readonly #void = new Set<string>();

  constructor(etcd: FakeEtcd) {
    this.#etcd = etcd;
  }

  break(check: PoolCheck, message: string): void {
    this.violation ??= new PoolViolation(check, message);
  }

  voided(key: string): void {
    this.#void.add(key);
  }

  gained(player: Player, partition: string, token: bigint): void {
    this.gains += 1;
    const before = this.#tokens.get(partition) ?? 0n;
    if (token <= before) this.break('tokens', `${player.name} gained ${partition} with ${token} after ${before}`);
    this.#tokens.set(partition, token);
    if (player.owned.has(partition)) this.break('pairs', `${player.name} gained ${partition} twice`);
    player.owned.add(partition);
  }

  lost(player: Player, partition: string, code: string): void {
    if (!player.owned.delete(partition)) this.break('pairs', `${player.name} lost ${partition}, which it had not`);
    for (const task of this.#tasks.get(partition) ?? []) if (task.player === player) task.lostBy ??= code;
  }

  /** Returns what to call at the end of the task. */
  begins(player: Player, partition: string, key: string, lease: bigint): () => void {
    const tasks = this.#tasks.get(partition) ?? new Set<RunningTask>();
    this.#tasks.set(partition, tasks);
    for (const other of tasks) {
      if (other.player === player) this.break('tasks', `${player.name} runs two tasks in ${partition}`);
      else if (this.#isInOrder(other)) {
        this.break('tasks', `${player.name} begins ${partition} while ${other.player.name} works there`);
      }
    }
    const task: RunningTask = { player, key, lease, lostBy: undefined };
    tasks.add(task);
    return () => tasks.delete(task);
  }

  /** Whether the work must have ended before another began: nothing but the worker itself has ended its ownership. */
  #isInOrder({ player, key, lease, lostBy }: RunningTask): boolean {
    if (player.isDead || player.hasTimedOut || this.#void.has(key)) return false;
    if (!this.#etcd.leases().some(({ id }) => id === lease)) return false;
    return lostBy === undefined ? false : ORDERLY.has(lostBy);
  }

  /** At every instant: by their own clocks at most one owns a partition. */
  look(players: readonly Player[]): void {
    const owners = new Map<string, string>();
    for (const player of players) {
      if (player.isDead) continue;
      for (const [partition, ownership] of player.pool.owned) {
        if (!ownership.isCurrent() || this.#void.has(ownership.key)) continue;
        const other = owners.get(partition);
        if (other !== undefined) this.break('one owner', `${other} and ${player.name} own ${partition}`);
        owners.set(partition, player.name);
      }
    }
  }
}
