import { toCandidate } from '../candidate.js';
import type { ElectionError } from '../errors.js';
import type { Events } from '../events.js';
import type { Leadership } from '../leadership.js';
import { LeaderObserver, type LeaderObserverHandlers } from '../queue/leader-observer.js';
import type { Head, Queue } from '../queue/queue.js';
import type { Session } from '../session.js';
import type { KeyValue } from '../store/store.js';
import type { CampaignHandlers } from './campaign.js';
import { ElectedWaiters } from './elected-waiters.js';
import type { Term } from './term.js';

/**
 * Makes events, and the answers that `elected()` waits for, of what the campaign and the observer tell. Decides nothing.
 *
 * One object with methods rather than a dozen closures: there may be ten thousand elections in a process.
 */
export class LeaderEvents implements CampaignHandlers, LeaderObserverHandlers {
  readonly #election: string;
  readonly #events: Events;
  readonly #queue: Queue;
  readonly #session: Session;
  readonly #observes: boolean;
  #observer: LeaderObserver | undefined;
  #waiters: ElectedWaiters | undefined;

  constructor(election: string, events: Events, queue: Queue, session: Session, observes: boolean) {
    this.#election = election;
    this.#events = events;
    this.#queue = queue;
    this.#session = session;
    this.#observes = observes;
  }

  /** What the leader announces, as far as the observer knows. */
  get leader(): string | undefined {
    return this.#observer?.head?.value.toString('utf8');
  }

  wait(signal: AbortSignal | undefined): Promise<Leadership> {
    this.#waiters ??= new ElectedWaiters();
    return this.#waiters.wait(signal);
  }

  stopWaiting(reason: ElectionError): void {
    this.#waiters?.stopped(reason);
  }

  observer(handlers: LeaderObserverHandlers): LeaderObserver {
    const { watch } = this.#session;
    return new LeaderObserver(this.#session.leaderWatcher(this.#election), { queue: this.#queue, watch }, handlers);
  }

  // ---- from the campaign ----

  elected(term: Term, kv: KeyValue | undefined, revision: bigint): void {
    this.#events.emit('elected', term);
    this.#waiters?.elected(term);
    if (kv === undefined) this.#observer?.start();
    else this.#observer?.learn({ kv, revision });
  }

  unelected(term: Term, reason: ElectionError): void {
    this.#events.emit('unelected', term, reason);
  }

  /** The observer starts with the first join, which has read the head; later ones have nothing new for it. */
  joined(head: Head | undefined): void {
    if (!this.#observes || this.#observer !== undefined) return;
    this.#observer = this.observer(this);
    if (head === undefined) this.#observer.start();
    else this.#observer.learn(head);
  }

  left(reason: ElectionError): void {
    this.#observer?.close();
    this.#observer = undefined;
    this.stopWaiting(reason);
  }

  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void {
    this.#events.emit('refresh', info);
  }

  suspended(error: ElectionError): void {
    this.#events.emit('suspended', error);
  }

  resumed(): void {
    this.#events.emit('resumed');
  }

  failed(error: ElectionError): void {
    this.#events.emit('error', error);
  }

  // ---- from the observer ----

  changed(head: KeyValue | undefined): void {
    const candidate = head && toCandidate(head);
    this.#events.emit('leader', candidate?.value, candidate);
  }
}
