import type { Candidate } from '../candidate.js';
import { checkCallOptions } from '../checks.js';
import type { ElectionError } from '../errors.js';
import { type ElectionEventName, type ElectionListener, Events } from '../events.js';
import { toCandidate, toLeader } from '../queue/candidates.js';
import { LeaderIterator } from '../queue/leader-iterator.js';
import type { RecordedTerm } from '../queue/recorded-terms.js';
import { readTerms } from '../queue/term-history.js';
import type { CampaignContext, SessionParts } from './context.js';

/**
 * What everybody can learn of an election, as a candidate or not: who leads, who waits, who has led, and what the
 * candidate tells its listeners. `Election` adds what a candidate does.
 */
export abstract class ObservableElection {
  readonly name: string;
  readonly #context: CampaignContext;
  readonly #events: Events;

  /** @internal */
  constructor(context: CampaignContext) {
    this.name = context.name;
    this.#context = context;
    this.#events = new Events(context.log, this);
  }

  /** @internal */
  get session(): SessionParts {
    return this.#context.session;
  }

  /** @internal */
  get events(): Events {
    return this.#events;
  }

  /** @internal Something went wrong while somebody observes, and is tried again. */
  protected abstract observationFailed(error: ElectionError): void;

  /**
   * Who leads, by a linearizable read; undefined: nobody. Needs no `start()`. When a key that is no candidate's blocks
   * the election, nobody leads, and `error` says `BLOCKED`.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async leader(): Promise<Candidate | undefined> {
    const { queue } = this.#context;
    const { kv } = await queue.head();
    const error = queue.noticeBlocker(kv);
    if (error !== undefined) this.#events.emit('error', error);
    return toLeader(kv);
  }

  /**
   * The queue, by a linearizable read; the first leads, unless it `blocks`. Needs no `start()`. Costs etcd time in
   * proportion to the queue.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async candidates(): Promise<Candidate[]> {
    return (await this.#context.queue.all()).map(toCandidate);
  }

  /**
   * The terms that leaders with the option `history` have recorded, oldest first. Needs no `start()`, and not the
   * option. A term that has just begun or ended may be missing for a moment, and the terms of leaders without the
   * option are missing. The times are the leaders' wall clocks: for people, never to decide by.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   * @example
   * ```ts
   * for (const { value, from, until, why } of await election.history()) {
   *   console.log(value, new Date(from), until && new Date(until), why);
   * }
   * ```
   */
  async history(): Promise<RecordedTerm[]> {
    const { name, session } = this.#context;
    return readTerms({ name, store: session.store });
  }

  /**
   * Who leads: now, and then at every change; undefined: nobody. A slow consumer gets the latest, not a backlog. Needs
   * no `start()` and is not ended by `stop()`, but by `signal` or by leaving the loop. What goes wrong meanwhile is
   * told by `error`, and the observation goes on; but when the client is closed, the loop rejects with `UNAVAILABLE`.
   *
   * @throws ElectionError `INVALID_OPTION`
   *
   * @example
   * ```ts
   * for await (const leader of election.observe({ signal: AbortSignal.timeout(60_000) })) {
   *   console.log(leader ? `${leader.value} leads with token ${leader.fencingToken}` : 'nobody leads');
   * }
   * ```
   */
  observe(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<Candidate | undefined> {
    checkCallOptions(options, ['signal']);
    const { name, session, queue } = this.#context;
    return new LeaderIterator({
      access: { queue, watcher: session.watcher },
      watcher: () => session.leaderWatchers.of(name),
      failed: (error) => this.observationFailed(error),
      signal: options.signal,
    });
  }

  /** Adds a listener. @throws ElectionError `INVALID_OPTION` when `listener` is no function */
  on<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Adds a listener for the next event of this name alone. @throws ElectionError `INVALID_OPTION`, as `on` */
  once<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): this {
    this.#events.once(event, listener);
    return this;
  }

  /** Removes the listener; the last one when it was added several times. Does nothing when it was never added. */
  off<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): this {
    this.#events.off(event, listener);
    return this;
  }

  /** The same as `off`. */
  removeListener<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): this {
    return this.off(event, listener);
  }
}
