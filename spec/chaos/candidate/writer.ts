import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import type { Leadership } from '../../../lib/index.js';
import { microseconds } from '../log/clock.js';
import type { Log } from '../log/log.js';
import type { TermId } from '../log/records.js';
import { journalPrefix } from './profile.js';

/**
 * Milliseconds after the end of a term at which a write is tried in its name. The fence must refuse it, unless nobody
 * leads yet.
 */
const LATE = [0, 300, 2_000, 5_000];

/**
 * Writes under the fence for as long as a term lasts, and on purpose after the term. It writes to a counter that all
 * leaders of an election share, and in the same transaction to a key of its own. The revision of this key proves later
 * when the transaction was committed, also when the reply was lost.
 */
export class GuardedWriter {
  readonly #client: Etcd3;
  readonly #log: Log;
  readonly #run: string;
  readonly #owner: string;
  /** Milliseconds that a commit may take; undefined leaves the limit to etcd3. */
  readonly #patience: number | undefined;
  readonly #stopped = new AbortController();
  #count = 0;

  constructor(
    client: Etcd3,
    log: Log,
    how: { readonly run: string; readonly owner: string; readonly patience?: number },
  ) {
    this.#client = client;
    this.#log = log;
    this.#run = how.run;
    this.#owner = how.owner;
    this.#patience = how.patience;
    setMaxListeners(0, this.#stopped.signal); // one for each election that this process leads
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Writes during one term. Never rejects. */
  async during(leadership: Leadership, every: number): Promise<void> {
    try {
      while (!leadership.signal.aborted) {
        await this.#write(leadership);
        await this.#pause(every);
      }
      for (const [i, at] of LATE.entries()) {
        await this.#pause(at - (LATE[i - 1] ?? 0));
        await this.#write(leadership);
      }
    } catch {
      // told to stop
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopped.signal });
  }

  async #write(leadership: Leadership): Promise<void> {
    const { election, fencingToken } = leadership;
    const term: TermId = [election, fencingToken.toString()];
    const n = ++this.#count;
    const counter = this.#client.put(`${this.#run}-counter/${election}`).value(`${fencingToken}:${n}`);
    const entry = this.#client
      .put(`${journalPrefix(this.#run)}${election}/${fencingToken}/${this.#owner}.${n}`)
      .value('');
    const options = this.#patience === undefined ? {} : { deadline: Date.now() + this.#patience };
    const sentAt = microseconds();
    try {
      const reply = await leadership.txn().then(counter, entry).options(options).commit();
      const outcome = reply.succeeded ? 'committed' : 'refused';
      this.#log.add(['W', sentAt, microseconds(), term, outcome, reply.header.revision]);
    } catch {
      this.#log.add(['W', sentAt, microseconds(), term, 'unknown', '0']);
    }
  }
}
