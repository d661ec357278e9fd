import type { Entrance } from './entrance.js';
import type { ElectionError } from './errors.js';
import type { Term } from './leadership.js';
import type { Lease } from './lease.js';
import type { Standing } from './standing.js';
import type { Workload } from './work.js';

/** A candidate's life; each state carries what it needs. */
export type State = { readonly name: 'idle' } | Joining | Waiting | Leading | Leaving;

/** In the queue, behind another. */
export interface Waiting {
  readonly name: 'waiting';
  readonly lease: Lease;
  readonly standing: Standing;
}

export interface Leading {
  readonly name: 'leading';
  readonly lease: Lease;
  readonly standing: Standing;
  readonly term: Term;
}

/** Not in the queue yet, or not any more: waits for a lease, or for a good answer of the health check, and joins. */
export interface Joining {
  readonly name: 'joining';
  readonly entrance: Entrance;
}

/** On the way out, with the key still held until the work has ended. */
export interface Leaving {
  readonly name: 'leaving';
  /** Why; of a `stop()` that comes while the candidate steps down, that. */
  reason: ElectionError;
  /** Resolves when the key is released, or could not be in time. */
  done: Promise<void>;
  /** Whether to queue again afterwards. */
  isReturning: boolean;
  /** The work there was when `stop()` was called: whatever comes afterwards, it does not go on. */
  stopped: Workload | undefined;
}

export type StateName = State['name'];

/** Every legal move. The diagram in docs/how-it-works.md is checked against this table by a spec. */
export const NEXT = {
  idle: ['joining'],
  joining: ['waiting', 'leading', 'leaving'],
  waiting: ['leading', 'joining', 'leaving'],
  leading: ['joining', 'leaving'],
  leaving: ['idle', 'joining'],
} as const satisfies Record<StateName, readonly StateName[]>;

/** A move that is not in the table is a mistake of this library's. */
export function assertLegal(from: StateName, to: StateName): void {
  if (!(NEXT[from] as readonly StateName[]).includes(to)) throw new Error(`illegal move: ${from} -> ${to}`);
}
