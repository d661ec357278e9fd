/** What a worker knows of its pool without asking etcd, for metrics. */
export class PoolFigures {
  readonly #of: () => Omit<PoolFigures, 'onHandover' | 'handedOver'>;
  readonly #listeners = new Set<(ms: number) => void>();

  constructor(of: () => Omit<PoolFigures, 'onHandover' | 'handedOver'>) {
    this.#of = of;
  }

  /** How many partitions this worker is to own. */
  get planned(): number {
    return this.#of().planned;
  }

  /** How many workers there are; undefined on a worker that does not coordinate. */
  get members(): number | undefined {
    return this.#of().members;
  }

  /** How many partitions nobody owns; undefined on a worker that does not coordinate. */
  get unowned(): number | undefined {
    return this.#of().unowned;
  }

  /**
   * When this worker gains a partition, `listener` is told for how many milliseconds it stood behind the last owner.
   * Returns what ends that.
   */
  onHandover(listener: (ms: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  handedOver(ms: number): void {
    for (const listener of this.#listeners) listener(ms);
  }
}
