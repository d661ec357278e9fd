import { Backoff } from '../common/backoff.js';
import { soon } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { OwnKey } from '../queue/place.js';
import type { CampaignContext } from './context.js';
import type { CampaignMoves } from './moves.js';
import type { ProclaimedValue } from './proclaimed-value.js';

/** Milliseconds before a join that failed is tried again; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * The state before the queue: waits for a lease, for a good answer of the health check, and until nothing of an earlier
 * candidacy is in the way. Then it joins, and tries again with backoff until the key is there.
 *
 * If the state is closed while a join is under way, that join leaves a key that nobody wants any more. The key is
 * released then.
 */
export class Joining {
  readonly name = 'joining';
  readonly #context: CampaignContext;
  readonly #candidate: LeaseUser & CampaignMoves;
  readonly #value: ProclaimedValue;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  #attempt: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  /** The lease of a join without an answer, which etcd may have carried out. */
  #unanswered: Lease | undefined;
  #isClosed = false;

  constructor(context: CampaignContext, candidate: LeaseUser & CampaignMoves, value: ProclaimedValue) {
    this.#context = context;
    this.#candidate = candidate;
    this.#value = value;
    soon(() => this.#begin());
  }

  /** The join that is under way. Resolves when it has ended, or when its key has been released. Never rejects. */
  get attempt(): Promise<void> | undefined {
    return this.#attempt;
  }

  /** Something that the join waits for may have come. Looks in the next turn: nobody calls down while being told. */
  retry(): void {
    soon(() => this.#retry());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const { name, session } = this.#context;
    if (this.#attempt !== undefined) session.keys.blockUntil(name, this.#attempt);
    else if (this.#unanswered !== undefined) this.#attempt = this.#abandonUnanswered();
  }

  #begin(): void {
    if (this.#isClosed) return;
    const refusal = this.#context.session.lease.attach(this.#candidate);
    if (refusal !== undefined) this.#candidate.failed(refusal);
    this.#retry();
  }

  #retry(): void {
    if (this.#isClosed || this.#attempt !== undefined) return;
    const { name, session, intent } = this.#context;
    const lease = this.#leaseToJoinWith;
    if (lease === undefined) return;
    // The task of an earlier term may still wind down; or a join that was given up may have left a key that nobody has
    // seen yet.
    const obstacle = intent.work?.running ?? session.keys.unseen(name);
    if (obstacle !== undefined) {
      void obstacle.then(() => this.#retry());
      return;
    }
    session.keys.claim(name);
    this.#cancelRetry?.();
    this.#attempt = this.#join(lease, this.#value.current).then(async (pause) => {
      // Whoever hears of the failure may stop the candidate before this attempt counts as ended.
      if (this.#isClosed) return await this.#abandonUnanswered();
      this.#attempt = undefined;
      if (pause !== undefined) this.#cancelRetry = session.clock.after(pause, () => this.#retry());
    });
  }

  get #leaseToJoinWith(): Lease | undefined {
    const { health, session } = this.#context;
    return health?.isGood === false ? undefined : session.lease.leaseOf(this.#candidate);
  }

  /** Resolves with the milliseconds to wait before the next attempt, if one is needed. */
  async #join(lease: Lease, value: Buffer): Promise<number | undefined> {
    const { name, session, queue, options, log } = this.#context;
    const isUnwanted = (createRevision: bigint): boolean => session.keys.isUnwanted(name, createRevision);
    try {
      const { place, head } = await queue.join(lease.id, value, options.observe, isUnwanted);
      this.#unanswered = undefined;
      if (!this.#isClosed && this.#leaseToJoinWith === lease) {
        this.#attempt = undefined; // nothing is left that could come late
        this.#candidate.joined({ lease, place, value }, head);
        return undefined;
      }
      // The candidate was stopped, or lost its lease, while the transaction was under way.
      await this.#abandon(lease, place.own);
      return 0;
    } catch (err) {
      if (!(err instanceof ElectionError)) log().error({ err }, 'a mistake of this library: joining again');
      return this.#onFailure(lease, toElectionError(err));
    }
  }

  /** etcd may have carried the join out. On a lease that lives on, the key would stay. */
  async #abandonUnanswered(): Promise<void> {
    const lease = this.#unanswered;
    this.#unanswered = undefined;
    if (lease !== undefined) await this.#abandon(lease, undefined);
  }

  /**
   * Nobody wants the key of a join on this lease. `own` is undefined when the join may have made none. Never rejects.
   */
  async #abandon(lease: Lease, own: OwnKey | undefined): Promise<void> {
    const { name, session, queue, releases, intent, log } = this.#context;
    const isLast = !intent.isRunning;
    if (own === undefined && releases(isLast) === 'lease') return; // the key goes with the lease
    const failed = (err: unknown): void => log().debug({ err }, 'key not released yet: trying again');
    await session.keys.release(queue, { election: name, lease: lease.id, own, isLast, failed });
  }

  async #onFailure(lease: Lease, error: ElectionError): Promise<number | undefined> {
    const { session } = this.#context;
    if (this.#isClosed) {
      if (error.code !== 'LEASE_LOST') this.#unanswered = lease;
      return undefined;
    }
    if (error.code === 'LEASE_LOST') {
      session.lease.reportLost(lease, error);
      return 0;
    }
    this.#unanswered = lease;
    this.#candidate.failed(error);
    return this.#backoff.next();
  }
}
