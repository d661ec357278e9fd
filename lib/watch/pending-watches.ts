import type { SharedWatch } from './shared-watch.js';

/**
 * Requests without an answer on one stream. A member creates some 1,500 watches in a second while others are busy with the same cores;
 * what is asked for beyond that waits here, where it can still be put in order and taken back.
 */
const MOST_ASKED = 32;

/** Names what a key is deleted together with: of a candidate's key its lease, which the layer above knows how to find. */
export type GroupOf = (key: string) => string;

/**
 * The watches of a stream that etcd has not created yet: which one is asked for next, those by which somebody takes over before those of
 * one's own key, and how many at a time.
 *
 * Meanwhile a key may go that nobody hears of. When it goes with its lease, all keys of that lease go with it, and the first
 * of them that is heard of tells where to look.
 */
export class PendingWatches {
  readonly #ask: (entry: SharedWatch) => void;
  readonly #groupOf: GroupOf;
  readonly #prompt = new Set<SharedWatch>();
  readonly #patient = new Set<SharedWatch>();
  readonly #asked = new Map<number, SharedWatch>();
  /** Not created yet, and by the lease in their key: those by which somebody takes over. */
  readonly #byLease = new Map<string, Set<SharedWatch>>();

  constructor(ask: (entry: SharedWatch) => void, groupOf: GroupOf) {
    this.#ask = ask;
    this.#groupOf = groupOf;
  }

  add(entry: SharedWatch): void {
    this.#forget(entry);
    if (entry.isPatient) this.#patient.add(entry);
    else this.#addPrompt(entry);
    this.#askNext();
  }

  /** It cannot wait any more. */
  hasten(entry: SharedWatch): void {
    entry.isPatient = false;
    if (this.#patient.delete(entry)) this.#addPrompt(entry);
    else if (this.#asked.get(entry.id) === entry) this.#addKin(entry);
  }

  /** Nobody wants it any more. False: etcd has been asked for it. */
  remove(entry: SharedWatch): boolean {
    this.#forget(entry);
    return this.#prompt.delete(entry) || this.#patient.delete(entry);
  }

  /** By its creation or a refusal. */
  answered(id: number): void {
    const entry = this.#asked.get(id);
    if (entry === undefined) return;
    this.#asked.delete(id);
    if (entry.id === id) this.#forget(entry);
    this.#askNext();
  }

  /** A key of this lease is gone: whose keys may be gone too, unheard. Each is named once. */
  suspects(lease: string): Iterable<SharedWatch> {
    const kin = this.#byLease.get(lease) ?? [];
    this.#byLease.delete(lease);
    return kin;
  }

  /** The stream has ended. */
  clear(): void {
    this.#prompt.clear();
    this.#patient.clear();
    this.#asked.clear();
    this.#byLease.clear();
  }

  #askNext(): void {
    while (this.#asked.size < MOST_ASKED) {
      const [next] = this.#prompt.size > 0 ? this.#prompt : this.#patient;
      if (next === undefined) return;
      this.#prompt.delete(next);
      this.#patient.delete(next);
      this.#asked.set(next.id, next);
      this.#ask(next);
    }
  }

  #addPrompt(entry: SharedWatch): void {
    this.#prompt.add(entry);
    this.#addKin(entry);
  }

  #addKin(entry: SharedWatch): void {
    const lease = this.#groupOf(entry.key);
    const kin = this.#byLease.get(lease) ?? new Set();
    this.#byLease.set(lease, kin.add(entry));
  }

  #forget(entry: SharedWatch): void {
    if (entry.isPatient) return;
    const lease = this.#groupOf(entry.key);
    const kin = this.#byLease.get(lease);
    if (kin?.delete(entry) && kin.size === 0) this.#byLease.delete(lease);
  }
}
