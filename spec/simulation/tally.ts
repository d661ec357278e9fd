/** What is counted: faults that really happened, calls of users, and their outcomes. */
export type Topic = 'fault' | 'call' | 'outcome';

export type Counts = Readonly<Record<Topic, Readonly<Record<string, number>>>>;

/** Counts what happened in one schedule, or in many, because a simulation in which nothing happens proves nothing. */
export class Tally {
  readonly #counts: Record<Topic, Record<string, number>> = { fault: {}, call: {}, outcome: {} };

  add(topic: Topic, what: string, times = 1): void {
    const counts = this.#counts[topic];
    counts[what] = (counts[what] ?? 0) + times;
  }

  addAll(counts: Counts): void {
    for (const topic of Object.keys(this.#counts) as Topic[]) {
      for (const [what, times] of Object.entries(counts[topic])) this.add(topic, what, times);
    }
  }

  of(topic: Topic, what: string): number {
    return this.#counts[topic][what] ?? 0;
  }

  get counts(): Counts {
    return this.#counts;
  }
}
