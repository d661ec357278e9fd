import type { ChaosWorld } from '../world.js';
import type { Draw } from './plan.js';

/** A fault that is in force. */
export interface Applied {
  /** The candidate or member that the fault hit. */
  readonly target: string;
  /** Takes the fault back, as far as possible. Faults may be healed in any order. */
  heal(): void | Promise<void>;
}

/** Applies the fault that was drawn. Resolves with undefined when there was nobody to hit. */
export type Apply = (world: ChaosWorld, draw: Draw) => Applied | undefined | Promise<Applied | undefined>;

export function pickBy<T>(list: readonly T[], roll: number): T | undefined {
  return list[Math.floor(roll * list.length)];
}
