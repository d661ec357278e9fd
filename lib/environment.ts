import type { Etcd3 } from 'etcd3';
import type { SessionParts } from './campaign/context.js';
import { type Clock, SystemClock } from './common/time.js';
import { EtcdStore } from './etcd/etcd-store.js';
import { LeaseManager } from './lease/lease-manager.js';
import type { ResolvedSessionOptions } from './options.js';
import { KeyReleaser } from './queue/key-releaser.js';
import { leaseIn } from './queue/keys.js';
import { LeaderWatchers } from './queue/leader-watchers.js';
import { BatchingStore } from './store/batching-store.js';
import { MonotonicStore } from './store/monotonic-store.js';
import type { Store } from './store/store.js';
import { Watcher } from './watch/watcher.js';

/** What a session stands on: the two ends that specs replace, and the user's client. */
export interface Environment {
  readonly store: Store;
  readonly clock: Clock;
  /** Missing in simulations. */
  readonly etcd?: Etcd3;
}

/** An environment, with what all sessions on it share. */
export interface SharedEnvironment extends Environment {
  readonly store: MonotonicStore;
  readonly leaderWatchers: LeaderWatchers;
  /**
   * The watcher for sessions of this TTL, in ms. Sessions whose silent streams must be noticed equally soon share
   * streams.
   */
  watcherFor(ttl: number): Watcher;
}

/**
 * Environments by client, or by the store that a spec brings. All users of a client share one clock, and one store, so
 * that they know together which members do not answer.
 */
const environments = new WeakMap<Etcd3 | Store, SharedEnvironment>();

let systemClock: Clock | undefined;

export function isEnvironment(source: unknown): source is Environment {
  return typeof source === 'object' && source !== null && 'store' in source;
}

/**
 * The environment of a user's client, on the system's clock; or the one that a spec brings.
 *
 * @throws when a store is brought a second time with another clock, which nothing would go by
 */
export function environmentOf(source: Etcd3 | Environment): SharedEnvironment {
  const owner = isEnvironment(source) ? source.store : source;
  const known = environments.get(owner);
  if (known !== undefined) {
    if (isEnvironment(source) && source.clock !== known.clock) throw new Error('this store goes by another clock');
    return known;
  }
  const environment = isEnvironment(source) ? source : onSystemClock(source);
  const { clock } = environment;
  const store = new MonotonicStore(environment.store, clock);
  const watchers = new Map<string, Watcher>();
  const watcherFor = (ttl: number): Watcher => {
    const quiet = clamp(ttl / 3, 1_000, 5_000);
    const patience = clamp(ttl / 6, 1_000, 2_500);
    const name = `${quiet} ${patience}`;
    // When a lease ends, etcd deletes all its keys together.
    const watcher = watchers.get(name) ?? new Watcher(store, clock, { quiet, patience, groupOf: leaseIn });
    watchers.set(name, watcher);
    return watcher;
  };
  const shared = { ...environment, store, leaderWatchers: new LeaderWatchers(clock), watcherFor };
  environments.set(owner, shared);
  return shared;
}

function onSystemClock(etcd: Etcd3): Environment {
  systemClock ??= new SystemClock();
  return { store: new EtcdStore(etcd, systemClock), clock: systemClock, etcd };
}

/** Puts together what the elections of one session share. Asks etcd for nothing. */
export function sessionPartsOf(environment: SharedEnvironment, options: ResolvedSessionOptions): SessionParts {
  const { clock, etcd, leaderWatchers } = environment;
  const store = new BatchingStore(environment.store);
  const ttl = options.ttl * 1_000;
  environment.store.waitAtLeast(ttl);
  const watcher = environment.watcherFor(ttl);
  const lease = new LeaseManager({
    store,
    clock,
    options,
    currentEpoch: () => environment.store.currentEpoch(),
    dropped: () => keys.forget(),
  });
  const keys = new KeyReleaser(clock, watcher, (id) => lease.holds(id));
  return { options, clock, store, etcd, lease, watcher, keys, leaderWatchers };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
