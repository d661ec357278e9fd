import type { Etcd3 } from 'etcd3';
import { type Clock, SystemClock } from './common/time.js';
import { storeOf } from './etcd/etcd-store.js';
import type { Store } from './store/store.js';

/** What a session stands on: the two ends that specs replace, and the client. */
export interface Environment {
  readonly store: Store;
  readonly clock: Clock;
  /** Missing in simulations. */
  readonly etcd?: Etcd3;
}

let systemClock: Clock | undefined;

export function isEnvironment(source: unknown): source is Environment {
  return typeof source === 'object' && source !== null && 'store' in source;
}

/** That of a user's client, with the system's clock; one that is made already is taken as it is. */
export function environmentOf(source: Etcd3 | Environment): Environment {
  if (isEnvironment(source)) return source;
  systemClock ??= new SystemClock();
  return { store: storeOf(source, systemClock), clock: systemClock, etcd: source };
}
