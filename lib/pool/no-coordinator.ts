import type { Candidate } from '../candidate.js';
import { Election } from '../election.js';
import { ElectionError } from '../errors.js';
import type { PoolContext } from './context.js';

/** Milliseconds after which the trouble is noticed again. */
const AGAIN = 10_000;

const MESSAGE =
  'no worker coordinates the pool, and this one may not (`coordinate: false`): nothing is planned. ' +
  'Start a worker that may';

/**
 * Used by a worker that may not coordinate. Notices that nobody has coordinated for longer than a crashed coordinator
 * holds its place. Otherwise a pool in which no worker may coordinate would stand still without a word.
 */
export class NoCoordinator {
  readonly #context: PoolContext;
  readonly #failed: (error: ElectionError) => void;
  #scope: AbortController | undefined;
  #cancel: () => void = () => {};

  constructor(context: PoolContext, failed: (error: ElectionError) => void) {
    this.#context = context;
    this.#failed = failed;
  }

  start(): void {
    if (this.#scope !== undefined) return;
    this.#scope = new AbortController();
    this.#follow(this.#scope.signal).catch(() => this.#cancel()); // the worker tells it when its lease has ended
  }

  stop(): void {
    this.#scope?.abort();
    this.#scope = undefined;
    this.#cancel();
  }

  /** Rejects when the client is closed. Whatever else goes wrong is told by `error`, and the observation goes on. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { session, keys } = this.#context;
    const election = new Election(session, keys.coordinatorElection, { observe: false });
    election.on('error', (error) => this.#failed(error));
    for await (const coordinator of election.observe({ signal })) this.#changed(coordinator);
  }

  #changed(coordinator: Candidate | undefined): void {
    this.#cancel();
    if (coordinator === undefined) this.#tellAfter(this.#context.session.parts.options.ttl * 1_000);
  }

  #tellAfter(ms: number): void {
    this.#cancel = this.#context.session.parts.clock.after(ms, () => {
      this.#tellAfter(AGAIN);
      this.#failed(new ElectionError('NO_COORDINATOR', MESSAGE));
    });
  }
}
