import { withResolvers } from '../common/deferred.js';
import { sleep, within } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { OwnKey } from '../queue/place.js';
import type { CampaignContext } from './context.js';
import type { Joining } from './joining.js';
import type { CampaignMoves } from './moves.js';
import type { Workload } from './task-run.js';
import { TermRecord } from './term-record.js';
import { HandOver, type SuccessorChoice } from './transfer/hand-over.js';
import type { Steering } from './transfer/steering.js';

/**
 * Milliseconds to wait for a release: at least so many, and so many after `releaseTimeout` is over, because `stop()`
 * promises `releaseTimeout` and a second.
 */
const RELEASE_PATIENCE = 900;
/**
 * Milliseconds before a leader that has stepped down queues again. The next leader is elected in this moment, and may
 * have to read its place: that read would wait for our write.
 */
const HEAD_START = 10;
/** Milliseconds for a transfer at the least and at the most, and what the release needs after it. */
const LEAST_FOR_TRANSFER = 400;
const MOST_FOR_TRANSFER = 3_000;
const LEFT_FOR_RELEASE = 500;

/** Milliseconds for the end of the term to be recorded, beside the release and after it. */
const MOST_FOR_RECORD = 200;

/** What the state before hands to the state leaving. */
export interface Belongings {
  /** A join that may be under way, and releases the key it gets. */
  readonly joining: Joining | undefined;
  readonly own?: OwnKey;
  /** Whom a leader hands over to: the candidate that is named, or the best. Undefined: the next in the queue leads. */
  readonly successor?: SuccessorChoice | undefined;
  /** A leader that is leaving takes asks all the same: whoever asks is told who leads then. */
  readonly steering?: Steering | undefined;
}

/**
 * The way out of the queue. The task ends first, and then the key is released: while the task winds down the lease is
 * refreshed, so nobody else can lead. The time for it is bounded by `releaseTimeout`, and a second for etcd. Whether
 * the candidate queues again is asked when it matters: the user may call `start()` or `stop()` meanwhile.
 */
export class Leaving {
  readonly name = 'leaving';
  /** Resolves when the candidate has left, and nothing is left running. */
  readonly done: Promise<void>;
  /** Begins to leave. The state is entered before, so that a listener that hears of the move finds `done`. */
  readonly begin: () => void;
  readonly #context: CampaignContext;
  readonly #belongings: Belongings;
  readonly #moves: CampaignMoves;
  /** The task that may still be running for the term that has ended. */
  readonly #work: Workload | undefined;
  #reason: ElectionError;
  /** Whom the leader hands over to; undefined: the next in the queue leads. */
  #successor: SuccessorChoice | undefined;
  #transfer: HandOver | undefined;
  /** The hand-over has begun: it is too late to name another candidate. */
  #isHandedOver = false;
  /** The work of a `run()` that was stopped. It does not go on, even if the candidate is started again meanwhile. */
  #stopped: Workload | undefined;
  /** The time for the release is over. */
  #isOver = false;
  /** Nothing of ours is left in the queue. */
  #isReleased = false;

  constructor(context: CampaignContext, belongings: Belongings, reason: ElectionError, moves: CampaignMoves) {
    this.#context = context;
    this.#belongings = belongings;
    this.#successor = belongings.successor;
    this.#work = context.intent.work;
    this.#stopped = context.intent.isRunning ? undefined : this.#work;
    this.#reason = reason;
    this.#moves = moves;
    const { promise, resolve } = withResolvers<void>();
    this.begin = resolve;
    this.done = promise.then(() => this.#leave());
  }

  /** Why the candidate leaves. A `stop()` that comes while it is leaving gives another reason. */
  get reason(): ElectionError {
    return this.#reason;
  }

  /** `stop()` was called: the work that there is now does not go on, whatever comes then. Resolves as `done`. */
  stop(reason: ElectionError): Promise<void> {
    this.#reason = reason;
    this.#stopped ??= this.#context.intent.work;
    return this.done;
  }

  /** Whoever asks while we leave names the next leader, unless somebody has done so before. */
  handOverTo(to: bigint): void {
    if (this.#isHandedOver || this.#successor?.to !== undefined) return;
    this.#successor = { to, isRanked: this.#successor?.isRanked === true };
    this.#prepare();
  }

  /** Never rejects: a key that could not be released ends with its lease. */
  async #leave(): Promise<void> {
    const { session, options, intent, releases } = this.#context;
    const { clock, lease, watcher } = session;
    const startedAt = clock.now();
    this.#prepare();

    const running = this.#work?.running;
    if (running !== undefined && !(await within(clock, options.releaseTimeout, running))) {
      const message = `the work did not end within ${options.releaseTimeout} ms: releasing the key all the same`;
      this.#moves.failed(new ElectionError('RELEASE_TIMEOUT', message));
    }

    const until = startedAt + options.releaseTimeout + RELEASE_PATIENCE;
    if (!this.#goesWithSession) {
      await within(clock, Math.max(RELEASE_PATIENCE, until - clock.now()), this.#release(until));
      if (!this.#isReleased) this.#giveUp();
    }
    this.#belongings.steering?.close();
    // A user who closes the client after `stop()` would cut the write of the term off.
    const written = intent.isRunning ? undefined : TermRecord.underWay(this.#context);
    if (written !== undefined) await within(clock, Math.min(MOST_FOR_RECORD, until - clock.now()), written);

    this.#stopped?.cancel(this.#reason);
    const isLast = !intent.isRunning;
    this.#moves.left();

    if (!isLast || releases(isLast) === 'key') return;
    await lease.rest();
    watcher.closeIdle();
  }

  /**
   * The session is being closed, and revokes the lease when its last candidate has left, so no request of our own is
   * needed. It would delay the revocation, and ten thousand next leaders may wait for that.
   */
  get #goesWithSession(): boolean {
    const { session, queue, releases } = this.#context;
    const { joining } = this.#belongings;
    const isPlain = joining === undefined && this.#successor === undefined && queue.rank === undefined;
    return isPlain && session.lease.isClosing && releases(true) === 'key';
  }

  /** Releases the key alone, or the lease with it. */
  async #release(until: number): Promise<void> {
    const { session, intent, releases } = this.#context;
    const { joining, own } = this.#belongings;
    let isReleased = true;
    await joining?.attempt;
    await this.#handOver(until);
    if (this.#isOver) return;
    if (own !== undefined && releases(!intent.isRunning) === 'key' && !session.lease.isClosing) {
      isReleased = await this.#releaseKey(own);
      if (intent.isRunning) await sleep(session.clock, HEAD_START);
    }
    if (this.#isOver) return;
    if (!intent.isRunning) await this.#dropRank();
    if (this.#isOver) return;
    if (releases(!intent.isRunning) === 'lease') {
      await session.lease.revoke();
      isReleased = session.lease.left === undefined;
    }
    this.#isReleased = isReleased;
  }

  /** Reads whom the leader can hand over to, while the work winds down. */
  #prepare(): void {
    const { own } = this.#belongings;
    if (own !== undefined && this.#successor !== undefined) {
      this.#transfer = new HandOver(this.#context, own, this.#successor);
    }
  }

  /** A transfer that takes too long is left to itself: it does nothing any more once our key is gone. */
  async #handOver(until: number): Promise<void> {
    this.#isHandedOver = true;
    if (this.#transfer === undefined || this.#isOver) return;
    const { clock } = this.#context.session;
    const most = Math.min(MOST_FOR_TRANSFER, until - clock.now() - LEFT_FOR_RELEASE);
    let isLate = false;
    const transfer = this.#transfer.carryOut(() => isLate || this.#isOver);
    isLate = !(await within(clock, Math.max(LEAST_FOR_TRANSFER, most), transfer));
  }

  /**
   * When our key was deleted by somebody else, our priority may be left, on a lease that lives on. A candidate that is
   * started again meanwhile sees to its priority itself.
   */
  async #dropRank(): Promise<void> {
    const { session, queue, releases, intent, log } = this.#context;
    const lease = queue.rank?.lease;
    if (lease === undefined || releases(true) === 'lease' || !session.lease.holds(lease)) return;
    const drop = async (): Promise<void> => {
      if (!intent.isRunning) await queue.rank?.drop(session.store, queue.keyOf(lease), lease);
    };
    await session.keys.insist(drop, (err) => {
      log().info({ err }, 'our priority is left without a candidate: trying again while its lease lives');
    });
  }

  #releaseKey(own: OwnKey): Promise<boolean> {
    const { session, name, queue, intent } = this.#context;
    return session.keys.release(queue, {
      election: name,
      lease: own.lease,
      own,
      isLast: !intent.isRunning,
      failed: (err) => this.#moves.failed(toElectionError(err)),
    });
  }

  /** Nobody waits any more. The release is tried again in the background. */
  #giveUp(): void {
    const { session, intent, releases, log } = this.#context;
    this.#isOver = true;
    // Revoke now. If we waited for the pending join, the candidate could have been started again meanwhile, and we
    // would revoke its new lease.
    if (releases(!intent.isRunning) === 'lease') void session.lease.revoke();
    const { left } = session.lease;
    if (left !== undefined) log().warn(left, 'key not released in time: it ends with its lease at the latest');
  }
}
