/**
 * How long to wait before the next attempt. The pause doubles from `first` up to `most` (ms). Each time a random share
 * of it is taken, from a half to the whole, so that candidates that failed together do not come back together.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ "equal jitter"
 */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  #ceiling: number;

  constructor(first: number, most: number) {
    this.#first = first;
    this.#most = most;
    this.#ceiling = first;
  }

  next(): number {
    const ceiling = this.#ceiling;
    this.#ceiling = Math.min(this.#most, ceiling * 2);
    return ceiling * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#ceiling = this.#first;
  }
}
