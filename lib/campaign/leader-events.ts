import type { ElectionError } from '../errors.js';
import type { Events } from '../events.js';
import { leaderOf, toCandidate } from '../queue/candidates.js';
import type { LeaderObserver, News, QueueAccess } from '../queue/leader-observers.js';
import type { LeaderWatcher } from '../queue/leader-watcher.js';
import type { Head, Place } from '../queue/place.js';
import type { KeyValue } from '../store/store.js';
import type { CampaignContext } from './context.js';
import type { CampaignMoves } from './moves.js';

/** Keeps the `leader` events and `currentLeader()` true while this candidate runs. Decides nothing. */
export class LeaderEvents implements LeaderObserver {
  readonly #context: CampaignContext;
  readonly #events: Events;
  readonly #moves: Pick<CampaignMoves, 'failed' | 'headSeen'>;
  #watcher: LeaderWatcher | undefined;
  /** Nobody leads, and that was told. */
  #isToldNobody = false;

  constructor(context: CampaignContext, events: Events, moves: Pick<CampaignMoves, 'failed' | 'headSeen'>) {
    this.#context = context;
    this.#events = events;
    this.#moves = moves;
  }

  get access(): QueueAccess {
    return { queue: this.#context.queue, watcher: this.#context.session.watcher };
  }

  /** What the leader announces, as far as it is known. */
  get leader(): string | undefined {
    return leaderOf(this.#watcher?.headFor(this))?.value.toString('utf8');
  }

  /** Begins with the first join. Each join has read the head, unless it found its key there. */
  joined(head: Head | undefined): void {
    if (!this.#context.options.observe) return;
    const isNew = this.#watcher === undefined;
    this.#watcher ??= this.#context.session.leaderWatchers.of(this.#context.name);
    if (head !== undefined) this.#watcher.learn(this, head);
    else if (isNew) this.#watcher.ask(this);
  }

  /** We lead. `kv`: our key as it is at that place; undefined when its value is not known for sure. */
  elected(kv: KeyValue | undefined, { revision, epoch }: Place): void {
    if (kv === undefined) this.#watcher?.ask(this);
    else this.#watcher?.learn(this, { kv, revision, epoch });
  }

  /** We lead no more, and join again. */
  rejoining(): void {
    this.#watcher?.awaitNews();
  }

  stop(): void {
    this.#watcher?.leave(this);
    this.#watcher = undefined;
    this.#isToldNobody = false;
  }

  // ---- from the leader watcher ----

  changed(news: News): void {
    const { kv: head } = news;
    this.#moves.headSeen(news);
    const leader = leaderOf(head);
    const error = this.#context.queue.noticeBlocker(head);
    if (error !== undefined) this.failed(error);
    if (leader === undefined && this.#isToldNobody) return; // the key that blocks the election was written again
    this.#isToldNobody = leader === undefined;
    const candidate = leader && toCandidate(leader);
    this.#events.emit('leader', candidate?.value, candidate);
  }

  failed(error: ElectionError): void {
    this.#moves.failed(error);
  }
}
