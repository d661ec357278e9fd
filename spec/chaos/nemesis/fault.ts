import type { World } from '../world.js';
import type { Draw } from './plan.js';

/** A fault that is in force. */
export interface Applied {
  /** Whom it hit. */
  readonly target: string;
  /** Takes it back, so far as it can be. Safe to call in any order with those of others. */
  heal(): void | Promise<void>;
}

/** Applies what was drawn; undefined: there was nobody that it could hit. */
export type Apply = (world: World, draw: Draw) => Applied | undefined | Promise<Applied | undefined>;

export function pickBy<T>(list: readonly T[], roll: number): T | undefined {
  return list[Math.floor(roll * list.length)];
}
