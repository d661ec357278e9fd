import type { ElectionError } from '../errors.js';
import { ClientClosed } from '../store/store.js';
import type { Candidacy } from './candidacy.js';
import type { Joining } from './joining.js';
import type { Leaving } from './leaving.js';
import type { Term } from './term.js';

/** A candidate's life; each state carries what it needs. */
export type State = Idle | Joining | Waiting | Leading | Leaving;

/** Not started, or stopped: nothing runs. */
export interface Idle {
  readonly name: 'idle';
}

/** In the queue, behind another candidate. */
export interface Waiting {
  readonly name: 'waiting';
  readonly candidacy: Candidacy;
}

/** Elected. */
export interface Leading {
  readonly name: 'leading';
  readonly candidacy: Candidacy;
  readonly term: Term;
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

/**
 * Nothing is left to wait for in this state: the session is closed, or there is no lease any more and the client is
 * closed.
 */
export function isFinal(error: ElectionError, name: string): boolean {
  return error.code === 'STOPPED' || (name === 'joining' && error instanceof ClientClosed);
}

/** A move that is not in the table is a mistake of this library's. */
export function assertLegal(from: StateName, to: StateName): void {
  if (!(NEXT[from] as readonly StateName[]).includes(to)) throw new Error(`illegal move: ${from} -> ${to}`);
}
