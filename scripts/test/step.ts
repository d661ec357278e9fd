import type { Stage } from './stage.js';

export interface Step {
  readonly name: string;
  /** The name by which several steps are asked for together. @default the step's own name */
  readonly suite?: string;
  /**
   * How many cores the step keeps busy, on average. Most specs on etcd wait, for leases to expire and members to come
   * back, so steps run at the same time as long as the machine has cores for all of them. A step that does not say how
   * many has the machine to itself: it begins when all steps before it have ended.
   */
  readonly cores?: number;
  /** Names of steps before this one that must have ended when it begins, if they run at all. */
  readonly after?: readonly string[];
  /** The result means something only when all steps before this one have passed. */
  readonly needsAll?: true;
  /**
   * Matches the lines of output that say what is wrong. Without it, or when nothing matches, the last lines are told.
   */
  readonly telling?: RegExp;
  /** Resolves with true when the step passed. */
  run(stage: Stage): Promise<boolean>;
}

export function suiteOf({ name, suite = name }: Step): string {
  return suite;
}
