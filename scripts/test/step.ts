import type { Stage } from './stage.js';

export interface Step {
  readonly name: string;
  /**
   * The two lanes run at the same time, the steps of each in order: most specs on etcd wait, for leases to expire and
   * members to come back. Steps without a lane have the machine to themselves.
   */
  readonly lane?: 'first' | 'second';
  /** What it finds says something only when all steps before it have passed. */
  readonly needsAll?: true;
  /** Lines of its output that say what is wrong; without it, or when there are none, the last lines are told. */
  readonly telling?: RegExp;
  /** True when it passed. */
  run(stage: Stage): Promise<boolean>;
}
