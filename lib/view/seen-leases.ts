/** How many keys of the view hang on each lease: that shows why a key is gone. */
export class SeenLeases {
  readonly #keys = new Map<string, number>();
  /** Keys of one lease that are gone with the present revision. */
  readonly #gone = new Map<string, number>();

  /** A key more. */
  add(leaseId: string): void {
    this.#keys.set(leaseId, (this.#keys.get(leaseId) ?? 0) + 1);
  }

  /** A key less, with the present revision. */
  remove(leaseId: string): void {
    const left = (this.#keys.get(leaseId) ?? 1) - 1;
    if (left > 0) this.#keys.set(leaseId, left);
    else this.#keys.delete(leaseId);
    this.#gone.set(leaseId, (this.#gone.get(leaseId) ?? 0) + 1);
  }

  /** The present revision is over. */
  next(): void {
    this.#gone.clear();
  }

  /** Why a key of the lease is gone with the present revision: with a lease etcd deletes all its keys together. */
  whyGone(leaseId: string): 'released' | 'lease ended' | 'unknown' {
    if ((this.#keys.get(leaseId) ?? 0) > 0) return 'released';
    return (this.#gone.get(leaseId) ?? 0) > 1 ? 'lease ended' : 'unknown';
  }
}
