import { ASKED, PENDING, type SharedWatch } from './shared-watch.js';

/**
 * Requests without an answer on one stream. A member creates some 1,500 watches in a second while others use the same
 * cores (measured on 3.4.23). A watch beyond these requests waits here, where it can still be put in order and taken
 * back.
 */
const MOST_ASKED = 32;

/**
 * Names the group of a key: the keys that etcd deletes together with it. A watch does not know what keys mean, so the
 * layer above says it: keys on one lease end together.
 */
export type GroupOf = (key: string) => string;

/**
 * The watches of a stream that etcd has not created yet: which one is asked for next, and how many at a time. A watch
 * by which somebody takes over goes before a patient one, which follows a key of our own.
 *
 * While a watch is pending, its key can be deleted unseen. When a lease ends, etcd deletes all its keys together. So
 * the first deletion seen in a group makes every follower of another key of that group read.
 */
export class PendingWatches {
  readonly #ask: (watch: SharedWatch) => void;
  readonly #groupOf: GroupOf;
  readonly #prompt = new Set<SharedWatch>();
  readonly #patient = new Set<SharedWatch>();
  readonly #asked = new Map<number, SharedWatch>();
  /** Prompt watches that etcd has not created yet, by the group of their key. */
  readonly #byGroup = new Map<string, Set<SharedWatch>>();

  constructor(ask: (watch: SharedWatch) => void, groupOf: GroupOf) {
    this.#ask = ask;
    this.#groupOf = groupOf;
  }

  add(watch: SharedWatch): void {
    this.#forget(watch);
    watch.state = PENDING;
    if (watch.isPatient) this.#patient.add(watch);
    else this.#addPrompt(watch);
    this.#askNext();
  }

  /** The watch cannot wait any more. */
  hasten(watch: SharedWatch): void {
    watch.isPatient = false;
    if (this.#patient.delete(watch)) this.#addPrompt(watch);
    else if (this.#asked.get(watch.id) === watch) this.#addToGroup(watch);
  }

  /** Nobody wants the watch any more. */
  remove(watch: SharedWatch): void {
    this.#forget(watch);
    this.#prompt.delete(watch);
    this.#patient.delete(watch);
  }

  /** etcd has created the watch, or refused it. */
  answered(id: number): void {
    const watch = this.#asked.get(id);
    if (watch === undefined) return;
    this.#asked.delete(id);
    if (watch.id === id) this.#forget(watch);
    this.#askNext();
  }

  /** A key of this group is gone: the watches whose keys may be gone too, unseen. Each is named once. */
  suspects(group: string): Iterable<SharedWatch> {
    const suspects = this.#byGroup.get(group) ?? [];
    this.#byGroup.delete(group);
    return suspects;
  }

  /** The stream has ended. */
  clear(): void {
    this.#prompt.clear();
    this.#patient.clear();
    this.#asked.clear();
    this.#byGroup.clear();
  }

  #askNext(): void {
    while (this.#asked.size < MOST_ASKED) {
      const [next] = this.#prompt.size > 0 ? this.#prompt : this.#patient;
      if (next === undefined) return;
      this.#prompt.delete(next);
      this.#patient.delete(next);
      this.#asked.set(next.id, next);
      next.state = ASKED;
      this.#ask(next);
    }
  }

  #addPrompt(watch: SharedWatch): void {
    this.#prompt.add(watch);
    this.#addToGroup(watch);
  }

  #addToGroup(watch: SharedWatch): void {
    const group = this.#groupOf(watch.awaited);
    const others = this.#byGroup.get(group) ?? new Set();
    this.#byGroup.set(group, others.add(watch));
  }

  #forget(watch: SharedWatch): void {
    if (watch.isPatient) return;
    const group = this.#groupOf(watch.awaited);
    const others = this.#byGroup.get(group);
    if (others?.delete(watch) && others.size === 0) this.#byGroup.delete(group);
  }
}
