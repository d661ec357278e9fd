/** The state that the elections of a fleet shall reach. */
export type FleetState = 'leading' | 'waiting';

/** Many elections, one candidate in each, all in one process: of this library's, of etcd3's, or bare. */
export interface Fleet {
  /** Connects, and makes what a session needs, before anything is measured. */
  ready(): Promise<void>;
  /** Resolves when all lead, or when all wait. */
  launch(names: readonly string[], until: FleetState): Promise<void>;
  /** Called when all elections wait. Resolves when all lead. */
  takeOver(): Promise<void>;
  /** Errors told, and leaderships lost. */
  readonly errors: number;
  /** Ends all elections at once. Resolves when they are gone. */
  close(): Promise<void>;
}

/** Counts up to a number, and then resolves. */
export class FleetTally {
  readonly #wanted: number;
  #count = 0;
  #reach: () => void = () => {};
  readonly reached: Promise<void>;

  constructor(wanted: number) {
    this.#wanted = wanted;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  add(n = 1): void {
    this.#count += n;
    if (this.#count >= this.#wanted) this.#reach();
  }
}
