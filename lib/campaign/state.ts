import type { Joining } from './joining.js';
import type { Leaving } from './leaving.js';
import type { Stay } from './stay.js';
import type { Term } from './term.js';

/** A candidate's life; each state carries what it needs. */
export type State = { readonly name: 'idle' } | JoiningState | Waiting | Leading | LeavingState;

/** In the queue, behind another. */
export interface Waiting {
  readonly name: 'waiting';
  readonly stay: Stay;
}

export interface Leading {
  readonly name: 'leading';
  readonly stay: Stay;
  readonly term: Term;
}

/** Not in the queue yet, or not any more: waits for a lease, or for a good answer of the health check, and joins. */
export interface JoiningState {
  readonly name: 'joining';
  readonly joining: Joining;
}

/** On the way out, with the key still held until the work has ended. */
export interface LeavingState {
  readonly name: 'leaving';
  readonly leaving: Leaving;
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

export function isQueued(state: State): state is Waiting | Leading {
  return state.name === 'waiting' || state.name === 'leading';
}

/** A move that is not in the table is a mistake of this library's. */
export function assertLegal(from: StateName, to: StateName): void {
  if (!(NEXT[from] as readonly StateName[]).includes(to)) throw new Error(`illegal move: ${from} -> ${to}`);
}
