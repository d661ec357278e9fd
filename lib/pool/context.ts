import type { Logger } from '../log.js';
import type { Session } from '../session.js';
import type { PoolKeys } from './keys.js';
import type { ResolvedPoolOptions } from './options.js';

/** What the parts of a pool share. */
export interface PoolContext {
  /** The pool's name. */
  readonly name: string;
  readonly options: ResolvedPoolOptions;
  /** The lease on which all keys of this worker hang. */
  readonly session: Session;
  /** What a worker releases when it leaves: its keys alone when the session is shared, or else the lease with them. */
  readonly releases: 'keys' | 'lease';
  readonly keys: PoolKeys;
  readonly log: () => Logger;
}
