import type { Stage } from './stage.js';

export interface Step {
  readonly name: string;
  /**
   * The two lanes run at the same time, each with its steps in order, because most specs on etcd wait for leases to
   * expire and members to come back. Steps without a lane have the machine to themselves.
   */
  readonly lane?: 'first' | 'second';
  /** The result means something only when all steps before this one have passed. */
  readonly needsAll?: true;
  /**
   * Matches the lines of output that say what is wrong. Without it, or when nothing matches, the last lines are told.
   */
  readonly telling?: RegExp;
  /** Resolves with true when the step passed. */
  run(stage: Stage): Promise<boolean>;
}
