import type { Clock } from '../common/time.js';
import { LeaderWatcher } from './leader-watcher.js';

/** The leader watchers of one client: one for each election that somebody observes. */
export class LeaderWatchers {
  readonly #clock: Clock;
  readonly #byElection = new Map<string, LeaderWatcher>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(election: string): LeaderWatcher {
    const known = this.#byElection.get(election);
    if (known !== undefined) return known;
    const watcher = new LeaderWatcher(this.#clock, () => {
      if (this.#byElection.get(election) === watcher) this.#byElection.delete(election);
    });
    this.#byElection.set(election, watcher);
    return watcher;
  }
}
