import type {
  KeepAliveHandlers,
  KeepAliveStream,
  LeaseGrant,
  Store,
  Txn,
  TxnResult,
  WatchHandlers,
  WatchStream,
} from './store.js';

/** A store on top of another store. It passes on each request to which it has nothing to add. */
export abstract class PassingStore implements Store {
  protected readonly below: Store;

  constructor(below: Store) {
    this.below = below;
  }

  abstract txn(txn: Txn): Promise<TxnResult>;

  grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    return this.below.grant(id, ttl);
  }

  revoke(id: bigint): Promise<void> {
    return this.below.revoke(id);
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    return this.below.keepAlive(id, on);
  }

  watch(on: WatchHandlers): WatchStream {
    return this.below.watch(on);
  }
}
