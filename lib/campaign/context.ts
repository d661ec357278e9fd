import type { Etcd3 } from 'etcd3';
import type { Clock } from '../common/time.js';
import type { LeaseManager } from '../lease/lease-manager.js';
import { childLogger, type Logger } from '../log.js';
import type { ResolvedSessionOptions } from '../options.js';
import type { KeyReleaser } from '../queue/key-releaser.js';
import type { LeaderWatchers } from '../queue/leader-watchers.js';
import { Queue } from '../queue/queue.js';
import type { Store } from '../store/store.js';
import type { Watcher } from '../watch/watcher.js';
import { HealthCheck } from './health-check.js';
import { type ElectionOptions, type ResolvedElectionOptions, resolveElectionOptions } from './options.js';
import type { Workload } from './task-run.js';
import type { Priority } from './transfer/priority.js';

/** What the elections of a session share. */
export interface SessionParts {
  readonly options: ResolvedSessionOptions;
  readonly clock: Clock;
  readonly store: Store;
  /** The user's client; missing in simulations. */
  readonly etcd: Etcd3 | undefined;
  readonly lease: LeaseManager;
  readonly watcher: Watcher;
  readonly keys: KeyReleaser;
  readonly leaderWatchers: LeaderWatchers;
}

/**
 * What a candidate releases. With a shared lease: always the key alone. With a lease of its own: the key alone when it
 * queues again, and the lease, with the key, when this was the last time.
 */
export type ReleasePolicy = (isLast: boolean) => 'key' | 'lease';

const KEY_ONLY: ReleasePolicy = () => 'key';
const LEASE_AT_LAST: ReleasePolicy = (isLast) => (isLast ? 'lease' : 'key');

/** What the user wants of this candidate. `start()`, `stop()` and `run()` write it, and the states read it. */
export interface Intent {
  /** Whether the user wants to be a candidate: between `start()` and `stop()`. */
  isRunning: boolean;
  /** How often the candidate was started. A loss within one life is healed; the end of a life was the user's wish. */
  lives: number;
  /** The task to begin in every term. */
  work: Workload | undefined;
  /** Made by the option `priority` or `preempt`, or by the first `setPriority()`. */
  priority: Priority | undefined;
}

/**
 * What a candidate is made of: one object for all its parts, since there may be ten thousand candidates in a process.
 */
export interface CampaignContext {
  /** The election's name. */
  readonly name: string;
  readonly options: ResolvedElectionOptions;
  readonly session: SessionParts;
  readonly queue: Queue;
  readonly releases: ReleasePolicy;
  /** The user's health check, if there is one. */
  readonly health: HealthCheck | undefined;
  readonly intent: Intent;
  readonly log: () => Logger;
}

/**
 * What a candidate in this election is made of. `isShared`: the session has other elections too.
 *
 * @throws ElectionError `INVALID_OPTION`
 */
export function campaignContextOf(
  name: string,
  options: ElectionOptions,
  session: SessionParts,
  isShared: boolean,
): CampaignContext {
  const resolved = resolveElectionOptions(options, session.options, isShared);
  let logger: Logger | undefined;
  const log = (): Logger => {
    logger ??= isShared ? childLogger(resolved.logger, { election: name }) : session.options.logger;
    return logger;
  };
  return {
    name,
    options: resolved,
    session,
    queue: new Queue(session.store, name, log),
    releases: isShared ? KEY_ONLY : LEASE_AT_LAST,
    health: resolved.healthCheck && new HealthCheck(resolved.healthCheck, log),
    intent: { isRunning: false, lives: 0, work: undefined, priority: undefined },
    log,
  };
}
