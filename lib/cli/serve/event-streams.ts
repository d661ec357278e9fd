import type { ServerResponse } from 'node:http';
import { toJson } from '../../view/json.js';
import type { Picture } from '../../view/picture.js';
import type { Changes } from '../../view/view.js';
import type { EtcdHealth, EtcdTrouble } from './etcd-health.js';
import type { Pictures } from './pictures.js';
import { type Terms, withTerms } from './recent-terms.js';
import { begin, hasBody, jsonOf, sendJson } from './reply.js';
import type { StreamEvents } from './stream-events.js';

/** Streams at a time. The other connections are left for health checks. */
export const MOST_STREAMS = 150;
/**
 * Bytes that may wait for a client, beside a whole picture. A client that lets more wait is cut off at the next event.
 */
const MOST_WAITING = 1 << 20;
/** Milliseconds between two signs of life: the page takes 12 s of silence for a dead connection. */
const BEAT_EVERY = 5_000;
/** Signs of life for which something may wait. A client that has not read all by then is cut off. */
const MOST_BEATS = 6;
/** Milliseconds in which changes are gathered: a thousand changes at once are one event. */
const GATHER_FOR = 20;

interface EventStream {
  readonly response: ServerResponse;
  readonly terms: Terms;
  /** Whether the client was sent a picture. */
  hasPicture: boolean;
  /** Bytes that may wait for the client. */
  bound: number;
  /** Signs of life for which something has been waiting. */
  beats: number;
}

export interface EventStreamsOptions {
  readonly pictures: Pictures;
  readonly health: EtcdHealth;
  /** A trouble in words. */
  readonly describe: (trouble: EtcdTrouble) => string;
}

/** Server-sent events: each client gets the whole picture first, and then what changes. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<EventStream>();
  readonly #beat: NodeJS.Timeout;
  /** The picture that was sent last, as bytes that clients share: its JSON but for the first brace. */
  #encoded: { readonly picture: Picture; readonly rests: Map<Terms, Buffer> } | undefined;
  /** Names that have changed and were not told yet. */
  #changed = { elections: new Set<string>(), pools: new Set<string>() };
  #gathering: NodeJS.Timeout | undefined;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#beat = setInterval(() => this.#beatAll(), BEAT_EVERY).unref();
  }

  get size(): number {
    return this.#streams.size;
  }

  answer(response: ServerResponse, terms: Terms): void {
    if (this.size >= MOST_STREAMS) {
      const error = `${MOST_STREAMS} clients follow already`;
      return sendJson(response, 503, { error }, { 'retry-after': '10' });
    }
    // A proxy must not keep events back until it has a page full of them; nginx asks for this header.
    begin(response, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    if (!hasBody(response)) {
      response.end();
      return;
    }
    const stream: EventStream = { response, terms, hasPicture: false, bound: MOST_WAITING, beats: 0 };
    this.#streams.add(stream);
    response.on('close', () => this.#streams.delete(stream));
    response.on('error', () => {}); // followed by `close`
    response.write('retry: 1000\n\n');
    const { trouble } = this.#options.health;
    if (trouble !== undefined) this.#send(stream, this.#troubleEvent(trouble)); // first: what follows may be old
    this.#greet(stream);
  }

  /** The first picture is whole. */
  started(): void {
    for (const stream of this.#streams) this.#greet(stream);
  }

  changed({ elections, pools }: Changes): void {
    for (const name of elections) this.#changed.elections.add(name);
    for (const name of pools) this.#changed.pools.add(name);
    this.#gathering ??= setTimeout(() => this.#tellChanges(), GATHER_FOR);
  }

  trouble(trouble: EtcdTrouble | undefined): void {
    const event = trouble === undefined ? eventOf('answered', { now: Date.now() }) : this.#troubleEvent(trouble);
    for (const stream of this.#streams) this.#send(stream, event);
  }

  /** Ends all streams. Clients connect again when there is a server again. */
  close(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#gathering);
    for (const { response } of this.#streams) response.end();
  }

  #troubleEvent(trouble: EtcdTrouble): Buffer {
    const { health, describe } = this.#options;
    const { error, since } = trouble;
    const now = Date.now();
    // A question that etcd leaves unanswered is noticed late: the picture was last known to be true before that.
    const asOf = Number.isFinite(health.age) ? Math.round(now - health.age) : null;
    return eventOf('outage', { now, code: error.code, message: describe(trouble), since, asOf });
  }

  #greet(stream: EventStream): void {
    const { health, pictures } = this.#options;
    if (!health.isStarted || stream.hasPicture) return;
    // What was gathered and not told yet is in the picture too: to be told twice does no harm.
    const rest = this.#encode(pictures.latest, stream.terms);
    stream.hasPicture = true;
    stream.bound = MOST_WAITING + rest.length;
    stream.response.write(`event: picture\ndata: {"now":${Date.now()},`);
    stream.response.write(rest);
  }

  #encode(picture: Picture, terms: Terms): Buffer {
    if (this.#encoded?.picture !== picture) this.#encoded = { picture, rests: new Map() };
    const { rests } = this.#encoded;
    const json = (): string => jsonOf(toJson(withTerms(picture, terms)));
    const rest = rests.get(terms) ?? Buffer.from(`${json().slice(1)}\n\n`);
    rests.set(terms, rest);
    return rest;
  }

  #tellChanges(): void {
    const { pictures } = this.#options;
    const changed = this.#changed;
    this.#changed = { elections: new Set(), pools: new Set() };
    this.#gathering = undefined;
    this.#encoded = undefined; // may be large, and is out of date
    if (this.size === 0) return;
    const elections = parted(changed.elections, pictures.elections);
    const pools = parted(changed.pools, pictures.pools);
    const told = { revision: pictures.latest.revision, elections: elections.there, pools: pools.there };
    const gone = { elections: elections.gone, pools: pools.gone };
    const events = new Map<Terms, Buffer>();
    for (const stream of this.#streams) {
      if (!stream.hasPicture) continue;
      const { terms } = stream;
      const json = (): StreamEvents['changed'] => ({ now: Date.now(), ...toJson(withTerms(told, terms)), gone });
      const event = events.get(terms) ?? eventOf('changed', json());
      events.set(terms, event);
      this.#send(stream, event);
    }
  }

  /** A client that does not read must not fill our memory. It connects again, and gets a whole picture. */
  #send(stream: EventStream, event: Buffer): void {
    const { response, bound } = stream;
    if (response.writableLength > bound) this.#cut(stream);
    else response.write(event);
  }

  #beatAll(): void {
    for (const stream of this.#streams) {
      stream.beats = stream.response.writableLength > 0 ? stream.beats + 1 : 0;
      if (stream.beats >= MOST_BEATS) this.#cut(stream);
      else if (stream.beats === 0) stream.response.write(': still here\n\n');
    }
  }

  #cut(stream: EventStream): void {
    this.#streams.delete(stream);
    stream.response.destroy();
  }
}

function parted<T>(names: ReadonlySet<string>, all: ReadonlyMap<string, T>): { there: T[]; gone: string[] } {
  const there: T[] = [];
  const gone: string[] = [];
  for (const name of names) {
    const one = all.get(name);
    if (one === undefined) gone.push(name);
    else there.push(one);
  }
  return { there, gone };
}

function eventOf<E extends keyof StreamEvents>(name: E, data: StreamEvents[E]): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${jsonOf(data)}\n\n`);
}
