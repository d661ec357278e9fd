import type { IKeyValue } from 'etcd3';
import type { Candidate } from '../candidate.js';
import { environmentOf } from '../environment.js';
import { ElectionError } from '../errors.js';
import { leaderOf, toCandidate } from '../queue/candidates.js';
import { Queue } from '../queue/queue.js';
import { bytesOf, keyOf } from '../store/bytes.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { CommandContext } from './command-context.js';
import { Requests } from './requests.js';

/** Milliseconds without an event after which etcd has told all: a watch that catches up hears every 100 ms. */
const QUIET = 1_500;
/** How often the reading begins anew when etcd is compacted meanwhile. */
const ATTEMPTS = 3;

/** Who has led, as etcd's revisions show it. They carry no times. */
export interface PastLeaders {
  /** The revision from which etcd still knows what was written. */
  readonly since: bigint;
  /** Oldest first. */
  readonly leaders: readonly Candidate[];
}

/** Reads who has led an election since etcd was compacted last: its queue at that revision, and every change since. */
export async function readPastLeaders({ etcd, out }: CommandContext, name: string): Promise<PastLeaders> {
  const queue = new Queue(environmentOf(etcd).store, name, () => out.logger);
  const requests = new Requests(etcd);
  const [key, range_end] = [bytesOf(queue.range.key), bytesOf(queue.range.end)];
  const at = async (revision: bigint): Promise<KeyValue[]> => {
    const request = { key, range_end, ...(revision > 0n && { revision: revision.toString() }) };
    const reply = await requests.send('read the past', (o) => etcd.kv.range(request, o));
    return queue.inOrder(reply.kvs.map(toKeyValue));
  };
  let since = 1n;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const now = await at(0n);
    const replay = new Replay(queue, since > 1n ? await at(since) : []);
    const compacted = await follow(etcd, queue, since + 1n, (events) => {
      replay.add(events);
      return now.length > 0 && replay.isLike(now);
    });
    if (compacted === undefined) return { since, leaders: replay.leaders };
    since = compacted;
  }
  throw new ElectionError('UNAVAILABLE', 'etcd is compacted again and again: its past cannot be read');
}

/**
 * Tells every event from a revision on, until `told` says that this was the last one, or etcd is quiet. Resolves with
 * the revision of the last compaction, if that is later.
 */
function follow(
  etcd: CommandContext['etcd'],
  { range }: Queue,
  from: bigint,
  told: (events: readonly WatchEvent[]) => boolean,
): Promise<bigint | undefined> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (compacted?: bigint): void => {
      clearTimeout(timer);
      stream.close();
      resolve(compacted);
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(done, QUIET);
    };
    const failed = (error: Error): void => {
      clearTimeout(timer);
      stream.close();
      reject(error);
    };
    const stream = environmentOf(etcd).store.watch({
      created: wait,
      events: (_, events) => (told(events) ? done() : wait()),
      cancelled: (_, compacted, error) => (compacted === undefined ? failed(error) : done(compacted)),
      alive: () => {},
      closed: failed,
    });
    stream.create(1, range.key, range.end, from);
  });
}

/** The queue, change by change. */
class Replay {
  readonly leaders: Candidate[] = [];
  readonly #queue: Queue;
  readonly #keys: Map<string, KeyValue>;

  constructor(queue: Queue, keys: readonly KeyValue[]) {
    this.#queue = queue;
    this.#keys = new Map(keys.map((kv) => [kv.key, kv]));
    this.#look();
  }

  /** All events of one revision come together. */
  add(events: readonly WatchEvent[]): void {
    for (const [at, { key, kv, revision }] of events.entries()) {
      if (kv === undefined) this.#keys.delete(key);
      else this.#keys.set(key, kv);
      if (events[at + 1]?.revision !== revision) this.#look();
    }
  }

  /** Whether the queue is as this read has shown it, which has found somebody: then the same one has led since. */
  isLike(queue: readonly KeyValue[]): boolean {
    const now = this.#inOrder;
    return now.length === queue.length && now.every((kv, at) => kv.createRevision === queue[at]?.createRevision);
  }

  get #inOrder(): readonly KeyValue[] {
    return this.#queue.inOrder([...this.#keys.values()]);
  }

  #look(): void {
    const head = leaderOf(this.#inOrder[0]);
    if (head === undefined || head.createRevision === this.leaders.at(-1)?.fencingToken) return;
    this.leaders.push(toCandidate(head));
  }
}

function toKeyValue({ key, value, lease, create_revision, mod_revision }: IKeyValue): KeyValue {
  const revisions = { createRevision: BigInt(create_revision), modRevision: BigInt(mod_revision) };
  return { key: keyOf(key), value, lease: BigInt(lease), ...revisions };
}
