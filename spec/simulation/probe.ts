import type {
  KeepAliveHandlers,
  KeepAliveStream,
  LeaseGrant,
  Store,
  Txn,
  TxnResult,
  WatchHandlers,
  WatchStream,
} from '../../lib/store/store.js';

/** Gets what the library sends. */
export interface ProbeHandlers {
  granting(lease: bigint): void;
  sending(txn: Txn): void;
  answered(): void;
  revoking(lease: bigint): void;
}

/** A store that shows what goes through it. */
export class Probe implements Store {
  readonly #store: Store;
  readonly #on: ProbeHandlers;

  constructor(store: Store, on: ProbeHandlers) {
    this.#store = store;
    this.#on = on;
  }

  grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    this.#on.granting(id);
    return this.#store.grant(id, ttl);
  }

  revoke(id: bigint): Promise<void> {
    this.#on.revoking(id);
    return this.#store.revoke(id);
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    return this.#store.keepAlive(id, on);
  }

  async txn(txn: Txn): Promise<TxnResult> {
    this.#on.sending(txn);
    const result = await this.#store.txn(txn);
    this.#on.answered();
    return result;
  }

  watch(on: WatchHandlers): WatchStream {
    return this.#store.watch(on);
  }
}
