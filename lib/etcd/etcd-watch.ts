import type { IKeyValue, IWatchRequest, IWatchResponse } from 'etcd3';
import type { ElectionError } from '../errors.js';
import { bytesOf, keyOf } from '../store/bytes.js';
import type { KeyValue, WatchEvent, WatchHandlers, WatchStream } from '../store/store.js';
import { isTokenUseless } from './errors.js';
import { clusterOf, maybeHeader } from './header.js';
import type { StreamHandlers } from './stream.js';
import { type Numbering, WatchIds } from './watch-ids.js';

/** The part that we use of a {@link Stream}. */
interface Pipe {
  send(request: IWatchRequest): void;
  overdue(): void;
  close(): void;
}

export interface EtcdWatchOptions {
  readonly on: WatchHandlers;
  readonly numbering: Numbering;
  readonly open: (on: StreamHandlers<IWatchResponse>) => Pipe;
  /** Makes one of our errors of what etcd said. */
  readonly translate: (error: Error) => ElectionError;
}

interface Create {
  readonly id: number;
  readonly key: string;
  readonly end: string | undefined;
  readonly from: bigint;
}

/** The id of the watch by which we ask for a sign of life: no watch of ours has it. */
const PROBE = 2 ** 31 - 1;
/** A revision that no etcd reaches: the probe tells no event. */
const NEVER = 2n ** 62n;

/**
 * {@link WatchStream} on etcd.
 *
 * **The sign of life** is the answer to a probe: a watch that is created and, as soon as etcd has answered, cancelled.
 * For that etcd looks at the user's rights and takes the lock under which it delivers events, so a member that could
 * not tell events gives no answer. The probe is on a key that the stream watches, because the user may be allowed no
 * other; it is written as a range of this one key, because `etcd grpc-proxy` answers itself what it watches already.
 * etcd's progress requests give no sign of life: 3.5.30, 3.6.16 and 3.7.3 answer none while a watch of the stream waits
 * for a revision that is still to come, as ours do, and a progress request can block a member (etcd issue 22184).
 *
 * **Gateways** such as `etcd grpc-proxy` do not keep our ids, and may answer creates in another order. Once one is met,
 * the client's streams ask for one watch at a time.
 */
export class EtcdWatch implements WatchStream {
  readonly #options: EtcdWatchOptions;
  readonly #ids: WatchIds;
  readonly #pipe: Pipe;
  /** Watches that etcd was asked for and has not answered, in order. */
  #unanswered: number[] = [];
  /** Watches that wait until a gateway has answered the one before. */
  #waiting: Create[] = [];
  /** Watches that were cancelled before a gateway had told the ids by which it calls them. */
  readonly #unwanted = new Set<number>();
  #someKey: string | undefined;
  /** The id by which etcd or a gateway calls the probe, while the probe is being cancelled. */
  #probe: number | undefined;

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#ids = new WatchIds(options.numbering);
    this.#pipe = options.open({
      data: (reply) => this.#hear(reply),
      closed: (err) => options.on.closed(options.translate(err)),
      renew: () => this.#fail(new Error('the connection is renewed')),
    });
  }

  create(id: number, key: string, end: string | undefined, from: bigint): void {
    this.#someKey = key;
    const create = { id, key, end, from };
    if (this.#options.numbering.isOurs || this.#unanswered.length === 0) this.#ask(create);
    else this.#waiting.push(create);
  }

  cancel(id: number): void {
    const isWaiting = this.#waiting.some((create) => create.id === id);
    if (isWaiting) this.#waiting = this.#waiting.filter((create) => create.id !== id);
    else if (this.#unanswered.includes(id)) this.#unwanted.add(id);
    else this.#end(id);
  }

  ping(): void {
    if (this.#unanswered.length > 0 || this.#someKey === undefined) return; // an answer is due anyway
    this.#ask({ id: PROBE, key: this.#someKey, end: `${this.#someKey}\0`, from: NEVER });
  }

  overdue(): void {
    this.#pipe.overdue();
  }

  close(): void {
    this.#pipe.close();
  }

  #ask({ id, key, end, from }: Create): void {
    this.#unanswered.push(id);
    this.#pipe.send({
      create_request: {
        key: bytesOf(key),
        ...(end !== undefined && { range_end: bytesOf(end) }),
        start_revision: from.toString(),
        watch_id: String(id),
      },
    });
  }

  #end(id: number): void {
    const theirs = this.#ids.theirs(id);
    this.#ids.forget(id);
    if (theirs !== undefined) this.#pipe.send({ cancel_request: { watch_id: String(theirs) } });
  }

  #hear(reply: IWatchResponse): void {
    // When etcd refuses a watch, it does not say which: watch_id is -1. But it answers in the order of the requests.
    const asked = reply.created ? this.#unanswered.shift() : undefined;
    const theirs = Number(reply.watch_id);
    if (asked !== undefined && !reply.canceled && !this.#learn(asked, theirs)) return;
    if (asked === PROBE) this.#onProbe(reply, theirs);
    else if (isTokenUseless(reply.cancel_reason)) return this.#fail(new Error(reply.cancel_reason));
    else this.#tell(reply, asked ?? this.#ids.ours(theirs), theirs);
    const [next] = this.#unanswered.length === 0 ? this.#waiting : [];
    if (next === undefined) return;
    this.#waiting.shift();
    this.#ask(next);
  }

  /** False when a gateway was met, and it cannot be told which of the watches asked for it has created. */
  #learn(id: number, theirs: number): boolean {
    const isPlain = this.#ids.learn(id, theirs);
    if (isPlain && (this.#ids.areKept || this.#unanswered.length === 0)) return true;
    this.#fail(new Error('a gateway numbers the watches: asking for one at a time'));
    return false;
  }

  /** The stream keeps its token, so it is left alone when a probe is refused: only the next watch needs another. */
  #onProbe({ canceled }: IWatchResponse, theirs: number): void {
    if (!canceled) {
      this.#probe = theirs;
      this.#end(PROBE);
    }
    this.#options.on.alive();
  }

  #tell(reply: IWatchResponse, id: number | undefined, theirs: number): void {
    const { on } = this.#options;
    on.alive();
    if (theirs === this.#probe && reply.canceled && !reply.created) {
      this.#probe = undefined;
      return;
    }
    if (id === undefined) return;
    if (reply.canceled) {
      this.#unwanted.delete(id);
      this.#ids.forget(id);
      const compacted = BigInt(reply.compact_revision);
      const error = this.#options.translate(new Error(reply.cancel_reason || 'the watch was cancelled'));
      on.cancelled(id, compacted > 0n ? compacted : undefined, error);
    } else if (reply.created) {
      if (this.#unwanted.delete(id)) this.#end(id);
      on.created(id, beginningOf(reply), clusterOf(reply.header));
    }
    if (reply.events.length > 0) on.events(id, reply.events.map(toWatchEvent), clusterOf(reply.header));
  }

  #fail(error: Error): void {
    this.#pipe.close();
    this.#options.on.closed(this.#options.translate(error));
  }
}

/**
 * The revision of etcd at which the watch began. A gateway may answer for etcd, because it has such a watch already.
 * Then it names no cluster, and the revision is the one from which the watch is to tell. etcd may not have come so far,
 * so the revision counts for nothing (`watchBroadcast.add` of `etcd grpc-proxy`, seen in 3.6.16 and 3.7.3).
 */
function beginningOf({ header }: IWatchResponse): bigint | undefined {
  const named = maybeHeader(header);
  return named?.cluster === undefined ? undefined : named.revision;
}

export function toKeyValue(kv: IKeyValue): KeyValue {
  return {
    key: keyOf(kv.key),
    value: Buffer.from(kv.value), // a copy: the original is a slice that would keep the whole reply in memory
    createRevision: BigInt(kv.create_revision),
    modRevision: BigInt(kv.mod_revision),
    lease: BigInt(kv.lease),
  };
}

function toWatchEvent(event: IWatchResponse['events'][number]): WatchEvent {
  const key = keyOf(event.kv.key);
  const revision = BigInt(event.kv.mod_revision);
  return event.type === 'Delete'
    ? { type: 'delete', key, revision }
    : { type: 'put', key, revision, kv: toKeyValue(event.kv) };
}
