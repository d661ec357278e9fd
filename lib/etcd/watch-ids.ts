/** Whether etcd keeps the ids that we give to watches. Shared by the streams of a client. */
export interface Numbering {
  isOurs: boolean;
}

/**
 * The ids of the watches on one stream. etcd keeps the ids that we choose, so there is nothing to remember, however
 * many watches there are. `etcd grpc-proxy` counts watches itself, and tells an id when it has created the watch.
 */
export class WatchIds {
  readonly #numbering: Numbering;
  /** What the first answer on this stream has shown. */
  #areKept: boolean | undefined;
  readonly #theirs = new Map<number, number>();
  readonly #ours = new Map<number, number>();

  constructor(numbering: Numbering) {
    this.#numbering = numbering;
  }

  /** Whether etcd calls the watches of this stream as we do; unknown counts as yes. */
  get areKept(): boolean {
    return this.#areKept ?? true;
  }

  /** etcd or a gateway calls our watch `id` by the id `theirs`. False: that contradicts what was heard before. */
  learn(id: number, theirs: number): boolean {
    if (theirs !== id) this.#numbering.isOurs = false;
    this.#areKept ??= this.#numbering.isOurs;
    if (this.#areKept) return theirs === id;
    this.#theirs.set(id, theirs);
    this.#ours.set(theirs, id);
    return true;
  }

  /** The watch has ended: whatever is told of it from now on is nobody's. */
  forget(id: number): void {
    const theirs = this.#theirs.get(id);
    if (theirs === undefined) return;
    this.#theirs.delete(id);
    this.#ours.delete(theirs);
  }

  /** The id by which etcd or a gateway calls our watch; undefined: not known. */
  theirs(id: number): number | undefined {
    return this.areKept ? id : this.#theirs.get(id);
  }

  /** Which of our watches etcd or a gateway calls by this id; undefined: none. */
  ours(theirs: number): number | undefined {
    return this.areKept ? theirs : this.#ours.get(theirs);
  }
}
