import { Backoff } from './backoff.js';
import type { Candidacy, OwnKey } from './candidacy.js';
import type { WatchEvent } from './store.js';
import { type Clock, sleep } from './time.js';
import type { Watch } from './watch.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** ms after which a join that was sent before we left is not carried out any more: etcd gives requests up after 7 s. */
const ECHOES_FOR = 10_000;

/**
 * Keys that candidates leave behind on a lease that lives on: of a session with other elections, or of a candidate that
 * returns. As long as the lease is refreshed such a key would stand in the queue with nobody behind it. So it is given
 * back until etcd has confirmed that; and since a join can be carried out twice (a lost reply, a repeated request), it is
 * watched for a while whether it comes back.
 */
export class Remains {
  readonly #clock: Clock;
  readonly #watch: Watch;
  /** By election: who joins meanwhile would be taken for what is left. */
  readonly #blocking = new Map<string, Promise<void>>();
  /** By election: ends the wait for echoes. */
  readonly #listening = new Map<string, () => void>();
  #scope = new AbortController();

  constructor(clock: Clock, watch: Watch) {
    this.#clock = clock;
    this.#watch = watch;
  }

  /** Resolves when nobody can be taken for what is left of this election any more; undefined: nobody can now. */
  blocking(election: string): Promise<void> | undefined {
    return this.#blocking.get(election);
  }

  /** A key that we know, and that cannot be taken for another. Settles as the first attempt does. `isLast`: nobody returns. */
  giveBack(election: string, candidacy: Candidacy, own: OwnKey, isLast: boolean): Promise<void> {
    if (isLast) this.#listen(election, candidacy, own.key, own.lease, own.createRevision);
    const leave = (): Promise<void> => candidacy.leave(own);
    const first = leave();
    void this.#insist(first, leave);
    return first;
  }

  /** Whatever key there is on the lease in this election. Settles as the first attempt does. */
  withdraw(election: string, candidacy: Candidacy, lease: bigint): Promise<void> {
    this.#listen(election, candidacy, candidacy.keyOf(lease), lease, 0n);
    return this.#withdraw(election, candidacy, lease);
  }

  /** The key is about to be wanted again. */
  claim(election: string): void {
    this.#listening.get(election)?.();
  }

  /** The lease is given up: its keys end with it. */
  forget(): void {
    this.#scope.abort();
    this.#scope = new AbortController();
    this.#blocking.clear();
    for (const end of [...this.#listening.values()]) end();
  }

  /** `after`: create revision of the key that is being given back. */
  #listen(election: string, candidacy: Candidacy, key: string, lease: bigint, after: bigint): void {
    this.claim(election);
    const unfollow = this.#watch.follow(key, undefined, after + 1n, {
      changed: ({ kv }: WatchEvent) => {
        if (kv?.lease !== lease || kv.createRevision <= after) return;
        const leave = (): Promise<void> => candidacy.leave({ key, createRevision: kv.createRevision, lease });
        void this.#insist(leave(), leave);
      },
      reset: () => void this.#withdraw(election, candidacy, lease).catch(() => {}),
      refused: () => {},
    });
    const end = (): void => {
      unfollow();
      cancel();
      this.#listening.delete(election);
    };
    const cancel = this.#clock.after(ECHOES_FOR, end);
    this.#listening.set(election, end);
  }

  #withdraw(election: string, candidacy: Candidacy, lease: bigint): Promise<void> {
    const withdraw = (): Promise<void> => candidacy.withdraw(lease);
    const first = withdraw();
    const done = Promise.all([this.#blocking.get(election), this.#insist(first, withdraw)]).then(() => {
      if (this.#blocking.get(election) === done) this.#blocking.delete(election);
    });
    this.#blocking.set(election, done);
    return first;
  }

  /** Never rejects. */
  async #insist(first: Promise<void>, again: () => Promise<void>): Promise<void> {
    const { signal } = this.#scope;
    const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    for (let attempt = first; ; attempt = again()) {
      try {
        await attempt;
        return;
      } catch {
        if (!(await sleep(this.#clock, backoff.next(), signal))) return;
      }
    }
  }
}
