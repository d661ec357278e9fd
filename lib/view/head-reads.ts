import type { Clock } from '../common/time.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import { folderOf } from '../queue/keys.js';
import type { KeyValue, Store } from '../store/store.js';
import { type KeysRead, readFirst, readKeys } from './key-reads.js';
import type { Seen } from './seen.js';
import type { SeenElection } from './seen-election.js';
import type { SeenKey } from './seen-key.js';

/** Milliseconds in which changes are gathered, so that a hundred heads are one request. */
const GATHERED = 20;

interface Asked {
  readonly election: SeenElection;
  /** The head whose value is missing; undefined: it is not known which key is the head. */
  readonly head: SeenKey | undefined;
}

interface Found extends KeysRead {
  readonly asked: readonly Asked[];
}

export interface HeadReadsHandlers {
  /** Some heads have been read. */
  learned(): void;
  failed(error: unknown): void;
}

/**
 * Reads the heads of queues of which only the names are known. A candidate that has joined since the view began needs
 * no read, since the event told its value.
 */
export class HeadReads implements Reader<Found> {
  readonly #store: Store;
  readonly #seen: Seen;
  readonly #on: HeadReadsHandlers;
  readonly #freshRead: FreshRead<Found>;

  constructor(store: Store, clock: Clock, seen: Seen, on: HeadReadsHandlers) {
    this.#store = store;
    this.#seen = seen;
    this.#on = on;
    this.#freshRead = new FreshRead(clock, this);
  }

  /** Something has changed. */
  look(): void {
    if (this.#freshRead.isDue) return;
    for (const _ of this.#seen.toRead()) return this.#freshRead.after(GATHERED);
  }

  close(): void {
    this.#freshRead.close();
  }

  async read(): Promise<Found> {
    const asked = Array.from(this.#seen.toRead(), (election): Asked => {
      return { election, head: election.mustLook ? undefined : election.queue.head };
    });
    const folders = asked.flatMap(({ election, head }) => (head === undefined ? [election.folder] : []));
    const heads = asked.flatMap(({ head }) => (head === undefined ? [] : [head.key]));
    const first = await readFirst(this.#store, folders);
    const { kvs, revision } = await readKeys(this.#store, heads);
    const revisions = [first.revision, revision].filter((each) => each > 0n);
    const least = revisions.reduce((a, b) => (a < b ? a : b), revisions[0] ?? 0n);
    return { asked, kvs: [...first.kvs, ...kvs], revision: least };
  }

  found({ asked, kvs, revision }: Found): void {
    const byFolder = new Map<string, KeyValue[]>();
    for (const kv of kvs) {
      if (kv.key.includes('!')) continue; // a control key of a nested election
      const folder = folderOf(kv.key);
      const known = byFolder.get(folder);
      if (known === undefined) byFolder.set(folder, [kv]);
      else known.push(kv);
    }
    for (const { election, head } of asked) {
      // An event has told more since: the answer may show a key that is gone.
      if (election.revision <= revision) this.#seen.learn(election, byFolder.get(election.folder) ?? [], head);
    }
    this.#on.learned();
    this.look();
  }

  readFailed(error: unknown): void {
    this.#on.failed(error);
  }
}
