import type { ElectionError } from '../../lib/errors.js';
import type { LeaseGrant, Op, TxnResult } from '../../lib/store/store.js';
import type { Connection } from './fake-etcd/connection.js';
import { FakeEtcd } from './fake-etcd/fake-etcd.js';
import type { FakeEtcdOptions } from './fake-etcd/options.js';
import type { VirtualClock } from './virtual-clock.js';
import { VirtualTime } from './virtual-time.js';

/** A timeline, an etcd and one process on it, for the specs of the model itself. */
export class VirtualWorld {
  readonly time = new VirtualTime();
  readonly etcd: FakeEtcd;
  readonly clock: VirtualClock;
  readonly store: Connection;
  /** What {@link follow} has seen. */
  readonly story: string[] = [];

  constructor(options: FakeEtcdOptions = {}) {
    this.etcd = new FakeEtcd({ clock: this.time.clock({ name: 'etcd' }), ...options });
    this.clock = this.time.clock({ name: 'one' });
    this.store = this.etcd.connect({ clock: this.clock, name: 'one' });
  }

  /** Writes down when a call settles, and how. */
  follow(name: string, promise: Promise<unknown>): void {
    promise.then(
      (value) => {
        this.story.push(`${this.time.now} ${name}: ${resultOf(value)}`);
      },
      (error: ElectionError) => this.story.push(`${this.time.now} ${name}: ${error.code ?? error.message}`),
    );
  }

  /** Lets a call take the time it takes. */
  async done<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    if (!(await this.time.until(() => settled, 60_000))) throw new Error('it did not settle in a minute');
    return promise;
  }

  commit(...success: Op[]): Promise<TxnResult> {
    return this.store.txn({ compare: [], success, failure: [] });
  }

  /** Creates the key, unless it exists. */
  create(key = 'a'): Promise<TxnResult> {
    return this.store.txn({ compare: [{ key, createRevision: 0n }], success: [put(key)], failure: [] });
  }

  /** How often `key` was put since it was created; 0 when it does not exist. */
  version(key = 'a'): number {
    return Number(this.etcd.get(key)?.version ?? 0n);
  }

  keys(): string[] {
    return this.etcd.keys().map(({ key }) => key);
  }
}

function resultOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return 'ttl' in value ? (value as LeaseGrant).ttl : (value as TxnResult).succeeded;
}

export function put(key: string, lease = 0n, value: string | Buffer = 'x'): Op {
  return { type: 'put', key, value: Buffer.from(value), lease };
}
