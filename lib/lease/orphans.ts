import type { Clock } from '../common/time.js';
import type { Logger } from '../log.js';
import { hexOf } from '../store/bytes.js';
import type { Store } from '../store/store.js';

/**
 * Leases that we gave up without knowing whether etcd has ended them. Their keys stand before ours in the queue, and a
 * change of etcd's raft leader gives them their full TTL again. So they are revoked as soon as etcd can be reached, but
 * not before the work of a leader that missed its deadline has had the time that it was promised.
 */
export class Orphans {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** When each lease may be revoked, on the clock. */
  readonly #due = new Map<bigint, number>();
  #cancelTimer: (() => void) | undefined;

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#due.size === 0;
  }

  /** `grace` in ms. */
  add(id: bigint, grace: number): void {
    this.#due.set(id, this.#clock.now() + Math.max(0, grace));
  }

  /** Revokes each lease when its time has come. A lease whose end etcd does not confirm stays for the next call. */
  revokeInTime(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    const later = Math.min(...[...this.#due.values()].filter((due) => due > now));
    void this.#revoke([...this.#due.keys()].filter((id) => (this.#due.get(id) ?? 0) <= now));
    if (later < Number.POSITIVE_INFINITY) this.#cancelTimer = this.#clock.after(later - now, () => this.revokeInTime());
  }

  /** Revokes all leases now, because no work runs any more. Never rejects. */
  async revoke(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#revoke([...this.#due.keys()]);
  }

  async #revoke(ids: readonly bigint[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        try {
          await this.#store.revoke(id);
          this.#due.delete(id);
        } catch (err) {
          this.#log.debug({ err, lease: hexOf(id) }, 'lease not revoked; etcd will end it by itself');
        }
      }),
    );
  }
}
