import { checkError } from '../checks.js';
import { ElectionError } from '../errors.js';
import type { MemoryStore } from './memory-store.js';
import { allTold } from './still-clock.js';

/** The fake to which something happens. */
export interface MishapParts {
  readonly store: MemoryStore;
  /** What the fake is: a candidate, or a worker. */
  readonly what: string;
  readonly isRunning: () => boolean;
  readonly refresh: () => void;
  /** Tells `error`. */
  readonly tell: (error: ElectionError) => void;
  readonly stop: () => Promise<void>;
}

/** What a test lets go wrong between a fake and its etcd. Each resolves when everybody who listens has been told. */
export class Mishaps {
  readonly #parts: MishapParts;

  constructor(parts: MishapParts) {
    this.#parts = parts;
  }

  /** etcd stops answering: refreshes fail with `error`. */
  async suspend(error = new ElectionError('UNAVAILABLE', 'etcd does not answer: trying again')): Promise<void> {
    const { store, what, isRunning, refresh } = this.#parts;
    checkError(error);
    if (!isRunning()) throw new ElectionError('NOT_CANDIDATE', `only a ${what} can be suspended: \`start()\` it`);
    await allTold(); // it has a lease now
    store.outage = error;
    refresh();
    await allTold();
  }

  /** etcd answers again. */
  async resume(): Promise<void> {
    const { store, refresh } = this.#parts;
    if (store.outage === undefined) return;
    store.outage = undefined;
    refresh();
    await allTold();
  }

  /** Nothing follows from an error, except from `STOPPED`: the session was closed. */
  async fail(error: ElectionError): Promise<void> {
    checkError(error);
    this.#parts.tell(error);
    if (error.code === 'STOPPED') await this.#parts.stop();
    await allTold();
  }
}
