import type { KeepAliveStream, Store, WatchEvent, WatchStream } from '../../lib/store/store.js';
import { SOON } from './wait.js';

interface Story {
  readonly story: readonly string[];
  /** Resolves as soon as `condition` holds after something was told. */
  until(condition: (story: readonly string[]) => boolean): Promise<void>;
}

export interface WatchRecorder extends Story {
  readonly stream: WatchStream;
  readonly events: readonly WatchEvent[];
  /** The id of the cluster that has told the last events. */
  readonly cluster: bigint | undefined;
  /** The newest revision when the watch was created, by its id. */
  readonly createdAt: ReadonlyMap<number, bigint | undefined>;
  /** How often `alive` was called. */
  readonly signs: number;
  /** Watches all keys under the prefix. */
  watchAll(id: number, from: bigint): void;
}

export interface KeepAliveRecorder extends Story {
  readonly stream: KeepAliveStream;
}

/** Opens a stream of watches and writes down what it tells, with keys without their prefix. */
export function recordWatch(store: Store, prefix: string): WatchRecorder {
  const { story, tell, until } = newStory();
  const events: WatchEvent[] = [];
  const from = new Map<number, bigint>();
  const createdAt = new Map<number, bigint | undefined>();
  let signs = 0;
  let cluster: bigint | undefined;
  const stream = store.watch({
    created: (id, revision) => {
      createdAt.set(id, revision);
      tell(`${id} created`);
    },
    events: (id, batch, of) => {
      events.push(...batch);
      cluster = of;
      tell(`${id}: ${batch.map(({ type, key }) => `${type} ${key.slice(prefix.length)}`).join(', ')}`);
    },
    cancelled: (id, compacted) => {
      const distance = compacted === undefined ? undefined : compacted - (from.get(id) ?? 0n);
      tell(`${id} cancelled${distance === undefined ? '' : `, compacted at its own revision + ${distance}`}`);
    },
    alive: () => {
      signs += 1;
      tell();
    },
    closed: () => tell('closed'),
  });
  return {
    stream,
    story,
    events,
    createdAt,
    until,
    get signs() {
      return signs;
    },
    get cluster() {
      return cluster;
    },
    watchAll: (id, revision) => {
      from.set(id, revision);
      stream.create(id, prefix, `${prefix}\xff`, revision);
    },
  };
}

/** Opens a stream of refreshes and writes down the replies. */
export function recordKeepAlive(store: Store, lease: bigint): KeepAliveRecorder {
  const { story, tell, until } = newStory();
  const stream = store.keepAlive(lease, {
    reply: (ttl) => tell(`ttl ${ttl}`),
    closed: () => tell('closed'),
  });
  return { stream, story, until };
}

function newStory(): Story & { readonly tell: (what?: string) => void } {
  const story: string[] = [];
  const checks = new Set<() => void>();
  return {
    story,
    tell: (what) => {
      if (what !== undefined) story.push(what);
      for (const check of [...checks]) check();
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          checks.delete(check);
          reject(new Error(`it did not happen; what did: ${story.join('; ')}`));
        }, SOON);
        const check = (): void => {
          if (!condition(story)) return;
          clearTimeout(timer);
          checks.delete(check);
          resolve();
        };
        checks.add(check);
        check();
      }),
  };
}
