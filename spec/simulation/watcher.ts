import type { Contender } from './contender.js';
import type { Announced } from './record.js';

/** One loop over `election.observe()`. */
export class ObservingLoop {
  /** Resolves when the loop has ended. */
  readonly done: Promise<void>;
  /** The leader's token that was told last; undefined for nobody; null before anything was told. */
  token: bigint | undefined | null = null;
  value: string | undefined;
  readonly #contender: Contender;
  readonly #abort = new AbortController();

  constructor(contender: Contender) {
    this.#contender = contender;
    this.done = this.#watch();
  }

  stop(): void {
    this.#abort.abort();
  }

  async #watch(): Promise<void> {
    const { world } = this.#contender.process;
    let last: Announced | undefined;
    for await (const leader of this.#contender.election.observe({ signal: this.#abort.signal })) {
      this.token = leader?.fencingToken;
      this.value = leader?.value;
      this.#contender.tell(() => `observes that the leader is ${leader?.value ?? 'nobody'}`);
      if (leader === undefined) continue;
      const { electionName, name } = this.#contender;
      world.guard(() => {
        last = world.referee.announced(electionName, `${name}'s observe()`, leader, last);
      });
    }
    this.#contender.watchers.delete(this);
  }
}
