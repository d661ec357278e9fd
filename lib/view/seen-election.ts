import { textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import { allTerms } from './all-terms.js';
import type { ElectionPicture, LeaderPicture, Moment, TermEnd, TermPicture } from './picture.js';
import type { SeenKey } from './seen-key.js';
import type { SeenLeases } from './seen-leases.js';
import { SeenQueue } from './seen-queue.js';
import { type RecordKey, SeenRecords } from './seen-records.js';
import { MOST_TERMS, SeenTerms } from './seen-terms.js';

/** One election: who is in the queue, and who led when. */
export class SeenElection {
  /** What all its keys begin with but for the slash, as a byte string. */
  readonly folder: string;
  readonly name: string;
  readonly terms = new SeenTerms();
  /**
   * Keys of others may be there that are not known: a read leaves them out in a folder without a candidate, and of many
   * it remembers the oldest.
   */
  mayHaveOthers = true;
  /** Keys that were there before the first candidate are not known yet. */
  mustLook = false;
  /** The view has told of this election. */
  isShown = false;
  /** The token of a leader that has taken an ask to step down. */
  taken: bigint | undefined;
  /** The revision of the last event of the queue. */
  revision = 0n;
  readonly #records = new SeenRecords();
  #queue = new SeenQueue();
  /** What is gone from the queue with the present revision. */
  #gone: SeenKey[] = [];
  #emptySince: number | undefined;
  #picture: ElectionPicture | undefined;

  constructor(folder: string) {
    this.folder = folder;
    this.name = textOf(folder);
  }

  get queue(): SeenQueue {
    return this.#queue;
  }

  /** When the last candidate left; undefined: somebody is in the queue. */
  get emptySince(): number | undefined {
    return this.#queue.size === 0 ? this.#emptySince : undefined;
  }

  /** The head of the queue is known by its name alone, or what was before it is not known. */
  get mustRead(): boolean {
    const head = this.#queue.head;
    return this.mustLook || (head !== undefined && (head.blocks === undefined || head.shown.value === undefined));
  }

  /** The election as it is shown; drawn anew after a change. */
  get picture(): ElectionPicture {
    this.#picture ??= this.#draw();
    return this.#picture;
  }

  put(key: SeenKey): void {
    if (!this.#queue.put(key)) return;
    if (this.mayHaveOthers && this.#queue.size === 1) this.#look();
    this.terms.leaseLives(key.shown.leaseId);
    this.#picture = undefined;
  }

  delete(key: string, revision: bigint): SeenKey | undefined {
    const gone = this.#queue.delete(key, revision);
    if (gone === undefined) return undefined;
    this.#gone.push(gone);
    if (gone.blocks === true && this.mayHaveOthers && this.#queue.head?.blocks !== true) this.#look();
    this.#picture = undefined;
    return gone;
  }

  /** All has been read again, with the keys that leaders record their terms in. */
  replace(keys: readonly SeenKey[], records: readonly KeyValue[]): void {
    this.#queue = new SeenQueue(keys);
    this.#records.replace(records);
    this.mayHaveOthers = keys.length === 0 || keys[0]?.blocks === true;
    this.mustLook = false;
    this.#picture = undefined;
  }

  /** A key that leaders record terms in has changed; `kv` undefined: it has been deleted. */
  record(key: RecordKey, kv: KeyValue | undefined): void {
    this.#records.set(key, kv);
    this.#picture = undefined;
  }

  /** Finds out who leads, when all events of a revision have been told, or when all has been read. */
  settle(moment: Moment, leases: SeenLeases | undefined): void {
    const head = this.#queue.head;
    const leader = head?.blocks === true ? undefined : head;
    this.terms.see(leader, moment, this.#whyEnded(leader, leases));
    this.#gone = [];
    if (this.#queue.size > 0) this.#emptySince = undefined;
    else this.#emptySince ??= moment.at;
    this.#picture = undefined;
  }

  /** Keys of the queue were read with all that belongs to them. `asked`: the head by then, if it was known. */
  learn(keys: readonly SeenKey[], asked: SeenKey | undefined, moment: Moment): void {
    for (const key of keys) {
      const isKnown = this.#queue.get(key.key)?.createRevision === key.createRevision;
      if (isKnown || this.mustLook) this.#queue.put(key);
      if (key.blocks) this.terms.takeBack(key.createRevision);
    }
    const head = this.#queue.head;
    const leader = this.terms.leader;
    if (this.mustLook && leader !== undefined && head !== undefined && head.createRevision < leader.fencingToken) {
      this.terms.takeBack(leader.fencingToken);
    }
    if (this.mustLook) this.mayHaveOthers = keys.every(({ blocks }) => blocks);
    this.mustLook = false;
    // A value that is too large for an answer, or a key that has been deleted since.
    if (head !== undefined && head === asked) {
      this.#queue.put({ ...head, blocks: head.blocks ?? false, shown: { ...head.shown, value: '' } });
    }
    this.settle(moment, undefined);
  }

  /** The keys that are not known may stand before the head. */
  #look(): void {
    this.mayHaveOthers = false;
    this.mustLook = true;
  }

  #whyEnded(next: SeenKey | undefined, leases: SeenLeases | undefined): TermEnd {
    const leader = this.terms.leader;
    const key = this.#gone.find(({ createRevision }) => createRevision === leader?.fencingToken);
    if (leader === undefined || key === undefined) return 'unknown';
    // A leader that hands over deletes the keys between its own and its successor's together with its own.
    const hasMadeWay = this.#gone.length > 1 && next !== undefined;
    if (hasMadeWay || this.taken === leader.fencingToken) return 'handed over';
    return leases?.whyGone(leader.leaseId) ?? 'unknown';
  }

  #draw(): ElectionPicture {
    const head = this.#queue.head;
    const isLed = head !== undefined && head.blocks !== true && !this.mustLook;
    const leader = isLed ? this.terms.leader : undefined;
    const terms = this.#termsWith(leader);
    return {
      name: this.name,
      leader: leader && { ...leader, since: terms.at(-1)?.from ?? leader.since },
      blockedBy: head?.blocks === true ? textOf(head.key) : undefined,
      queue: Array.from(this.#queue, ({ shown }) => shown),
      terms,
    };
  }

  #termsWith(leader: LeaderPicture | undefined): readonly TermPicture[] {
    const [terms, recorded] = [this.terms.list, this.#records.terms];
    if (recorded.length === 0) return terms;
    const { emptySince } = this;
    return allTerms({ terms, leader: leader?.fencingToken, emptySince }, recorded, MOST_TERMS);
  }
}
