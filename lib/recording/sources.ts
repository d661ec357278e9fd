/** The function that detaches, in the form that `using` takes too. */
export function disposable(detach: () => void): (() => void) & Disposable {
  return Object.assign(detach, { [Symbol.dispose]: detach });
}

/** Records one election or one worker of a pool. */
export interface Source {
  readonly name: string;
  start(): void;
  /** Takes the figures back, as far as the back end can forget. */
  stop(): void;
  /** Updates the figures that no event updates. */
  scrape(): void;
}

export interface SourcesOptions {
  /** What is wrong when another source of this name is there. */
  readonly taken: (name: string) => string;
  /** The last source has gone. */
  readonly emptied?: () => void;
}

/** Who reports to one meter, or to one registry: each name once. Every back end has its own. */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #byName = new Map<string, Source>();

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /**
   * Starts a source. Returns what ends it; that is idempotent.
   *
   * @throws Error when one of this name is there already
   */
  attach(source: Source): () => void {
    const { name } = source;
    if (this.#byName.has(name)) throw new Error(this.#options.taken(name));
    this.#byName.set(name, source);
    source.start();
    return () => {
      source.stop();
      if (this.#byName.get(name) !== source) return;
      this.#byName.delete(name);
      if (this.#byName.size === 0) this.#options.emptied?.();
    };
  }

  scrape(): void {
    for (const source of this.#byName.values()) source.scrape();
  }
}
