import type { Candidate } from '../../candidate.js';
import { checkCallOptions } from '../../checks.js';
import { onAbort } from '../../common/abort.js';
import { withResolvers } from '../../common/deferred.js';
import { type Clock, sleep, within } from '../../common/time.js';
import { ElectionError } from '../../errors.js';
import { blockedError } from '../../queue/blockers.js';
import { leaderOf, toCandidate } from '../../queue/candidates.js';
import { askIn, askKeyOf, bytesOfAsk, takenKeyOf } from '../../queue/control-keys.js';
import { isOurs } from '../../queue/keys.js';
import { newLeaseId } from '../../store/bytes.js';
import { type Compare, type KeyValue, type Op, readOf, type Store } from '../../store/store.js';
import type { CampaignContext } from '../context.js';
import { abortedBy } from '../elected-waiters.js';
import { checkTarget, findTarget, type TransferTarget } from './target.js';

export interface AskOptions {
  /** Who shall lead next: what a candidate announces, or the candidate itself. */
  readonly to?: TransferTarget;
  /** Withdraws the ask, unless the leader has taken it already; then only the waiting ends. */
  readonly signal?: AbortSignal;
}

/** Seconds that the lease of an ask lives, because nobody withdraws the ask when its process has crashed. */
const ASK_TTL = 30;
/** Milliseconds between two writes of an ask: a leader that has just been elected may have missed the first one. */
const AGAIN_AFTER = 650;
/** How many times an ask is written. After three times 650 ms without an answer the ask is withdrawn. */
const TIMES = 3;
/** Milliseconds to wait for the next leader after the old one has gone; then the answer is that nobody leads. */
const NOBODY_FOR = 2_000;
/** Milliseconds for the lease of the ask to be revoked. It ends by itself otherwise. */
const REVOKED_WITHIN = 1_000;
/** How many attempts are made to write an ask while the asks of others are in its way. */
const ATTEMPTS = 5;

const UNANSWERED =
  'the leader has not answered within 2 s: it does not follow asks (another version, a shared session, ' +
  '`steerable: false`), or it is cut off. The ask was withdrawn';
const VANISHED = 'the ask has vanished, the leader has not said that it took the ask, and it leads on after 30 s';
const FOREIGN = 'the leader is a candidate of another client, which does not follow asks: nothing was done';

/** Who leads, as an observer is told. */
type Observe = (signal: AbortSignal) => AsyncIterable<Candidate | undefined>;

/**
 * Asks the leader to step down as by its own `stepDown()`: its signal is aborted, its work ends, then its key is
 * released. Resolves with the candidate that leads afterwards; undefined when nobody does. The leader has 2 s to take
 * the ask. After that this takes as long as the leader's work takes to end, which the leader's `releaseTimeout` bounds.
 *
 * @throws ElectionError `INVALID_OPTION`; `NOT_LEADER` when nobody leads, `BLOCKED`, `NOT_CANDIDATE`, `TIMEOUT`,
 *   `ABORTED`, `UNAVAILABLE`, `PERMISSION_DENIED`
 */
export async function ask(
  context: CampaignContext,
  asked: AskOptions,
  observe: Observe,
): Promise<Candidate | undefined> {
  checkCallOptions(asked, ['to', 'signal']);
  const { to, signal } = asked;
  if (to !== undefined) checkTarget(to);
  if (signal?.aborted) throw abortedBy(signal);
  const { name, options, session, log } = context;
  const { leader, target } = await whoLeads(context, to);
  if (target?.createRevision === leader.createRevision) return toCandidate(leader);
  if (!isOurs(leader)) throw new ElectionError('TIMEOUT', FOREIGN);

  const { clock, store } = session;
  const over = new AbortController();
  const stopListening = onAbort(signal, () => over.abort());
  const lease = newLeaseId();
  try {
    const next = nextLeader(observe(over.signal), leader.createRevision, clock);
    await store.grant(lease, ASK_TTL);
    const said = bytesOfAsk({ token: leader.createRevision, to: target?.lease, by: options.value.toString('utf8') });
    const note = new Note(store, name, { value: said, lease }, leader);
    for (let times = 0; times < TIMES && !next.isKnown && !over.signal.aborted; times++) {
      if (!(await note.write())) break;
      await Promise.race([next.known, sleep(clock, AGAIN_AFTER, over.signal)]);
    }
    const end = await note.withdraw();
    if (signal?.aborted) throw abortedBy(signal);
    // A leader that only deletes the ask has taken it too. But the ask's lease has ended if this process was paused.
    if (end === 'gone') await within(clock, ASK_TTL * 1_000, next.known);
    if (end !== 'taken' && !next.isKnown) {
      if (signal?.aborted) throw abortedBy(signal);
      throw new ElectionError('TIMEOUT', end === 'gone' ? VANISHED : UNANSWERED);
    }
    const leads = await next.known;
    if (signal?.aborted) throw abortedBy(signal);
    return leads;
  } finally {
    stopListening();
    over.abort();
    const revoked = store
      .revoke(lease)
      .catch((err: unknown) => log().debug({ err }, 'the lease of the ask was not revoked: it ends by itself'));
    await within(clock, REVOKED_WITHIN, revoked);
  }
}

async function whoLeads(
  { queue }: Pick<CampaignContext, 'queue'>,
  to: TransferTarget | undefined,
): Promise<{ readonly leader: KeyValue; readonly target: KeyValue | undefined }> {
  const all = to === undefined ? [] : await queue.all();
  const head = to === undefined ? (await queue.head()).kv : all[0];
  const leader = leaderOf(head);
  if (leader !== undefined) return { leader, target: to === undefined ? undefined : findTarget(all, to) };
  if (head === undefined) throw new ElectionError('NOT_LEADER', 'nobody leads: there is nobody to ask');
  throw blockedError(head);
}

/** Who leads next, as soon as that is known. */
interface NextLeader {
  readonly isKnown: boolean;
  /** Undefined: nobody, for a while; or the observation has ended. Rejects when the client is closed. */
  readonly known: Promise<Candidate | undefined>;
}

function nextLeader(leaders: AsyncIterable<Candidate | undefined>, token: bigint, clock: Clock): NextLeader {
  const { promise: known, resolve, reject } = withResolvers<Candidate | undefined>();
  const next = { isKnown: false, known };
  const settle = (leader: Candidate | undefined): void => {
    next.isKnown = true;
    resolve(leader);
  };
  const look = async (): Promise<void> => {
    let cancel = (): void => {};
    for await (const leader of leaders) {
      cancel();
      cancel = leader === undefined ? clock.after(NOBODY_FOR, () => settle(undefined)) : (): void => {};
      if (leader !== undefined && leader.fencingToken !== token) return settle(leader);
    }
    cancel();
    settle(undefined);
  };
  look().catch(reject);
  known.catch(() => {}); // whoever asks may have failed before
  return next;
}

/** The key `<election>!ask` that one `ask()` writes, from its first write to its end. */
class Note {
  readonly #store: Store;
  readonly #put: Extract<Op, { type: 'put' }>;
  readonly #read: Op;
  readonly #readTaken: Op;
  readonly #leader: Compare;
  readonly #readLeader: Op;
  readonly #token: bigint;
  /** Tells our ask from another one. */
  #createRevision: bigint | undefined;

  constructor(store: Store, name: string, said: Pick<KeyValue, 'value' | 'lease'>, leader: KeyValue) {
    const { key, createRevision } = leader;
    this.#store = store;
    this.#put = { type: 'put', key: askKeyOf(name), ...said };
    this.#read = readOf(askKeyOf(name));
    this.#readTaken = readOf(takenKeyOf(name));
    this.#leader = { key, createRevision };
    this.#readLeader = readOf(key);
    this.#token = createRevision;
  }

  /**
   * Writes the ask, or writes it again unless somebody else's is there. False: it was taken, or the leader has gone.
   */
  async write(): Promise<boolean> {
    const { key } = this.#put;
    if (this.#createRevision !== undefined) {
      const compare = [{ key, createRevision: this.#createRevision }];
      const { succeeded, ranges } = await this.#store.txn({ compare, success: [this.#put], failure: [this.#read] });
      const other = ranges[0]?.kvs[0];
      // Somebody else who asks the same leader has replaced our ask: the answer to that ask is the answer to ours.
      return succeeded || (other !== undefined && askIn(other)?.token === this.#token);
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { succeeded, ranges } = await this.#store.txn({
        compare: [this.#leader, { key, createRevision: 0n }],
        success: [this.#put, this.#read, this.#readLeader],
        failure: [this.#read, this.#readLeader],
      });
      const [found, leader] = ranges.map(({ kvs }) => kvs[0]);
      if (succeeded || found?.lease === this.#put.lease) {
        this.#createRevision = found?.createRevision;
        return true;
      }
      if (leader?.createRevision !== this.#token) return false;
      if (found !== undefined) await this.#remove(found.createRevision); // the older ask gives way
    }
    throw new ElectionError('UNAVAILABLE', 'others ask all the time: nothing was done');
  }

  /**
   * Deletes the ask, unless the leader has taken it. Reads first, because etcd may carry the deletion out twice, and
   * the second time it finds nothing to delete. `gone`: the ask is not there, and the leader does not say that it has
   * taken it.
   */
  async withdraw(): Promise<'withdrawn' | 'taken' | 'gone'> {
    if (this.#createRevision === undefined) return 'taken';
    const { isTaken, found } = await this.#look();
    if (isTaken) return 'taken';
    if (found === undefined) return 'gone';
    if (found.createRevision !== this.#createRevision) {
      // Somebody else who asks the same leader has replaced our ask, and waits for the answer now.
      return askIn(found)?.token === this.#token ? 'withdrawn' : 'gone';
    }
    if (await this.#remove(this.#createRevision)) return 'withdrawn';
    // The leader has taken the ask in this very moment; or etcd's answer to an earlier attempt was lost.
    return (await this.#look()).isTaken ? 'taken' : 'withdrawn';
  }

  /** Whether the leader has taken an ask, or leads no longer; and the ask that is there. */
  async #look(): Promise<{ readonly isTaken: boolean; readonly found: KeyValue | undefined }> {
    const success = [this.#read, this.#readTaken, this.#readLeader];
    const { ranges } = await this.#store.txn({ compare: [], success, failure: [] });
    const [found, said, leader] = ranges.map(({ kvs }) => kvs[0]);
    const isSaid = said !== undefined && askIn(said)?.token === this.#token;
    return { isTaken: isSaid || leader?.createRevision !== this.#token, found };
  }

  async #remove(createRevision: bigint): Promise<boolean> {
    const { key } = this.#put;
    const compare = [{ key, createRevision }];
    return (await this.#store.txn({ compare, success: [{ type: 'delete', key }], failure: [] })).succeeded;
  }
}
