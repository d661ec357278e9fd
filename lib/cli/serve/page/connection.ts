import type { ChangedEvent, OutageEvent, PictureEvent, StreamEvents } from '../stream-events.js';
import { EventReader, type StreamEvent } from './model/sse.js';

/** How the page is connected. Only `live` means that what it shows is so now. */
export type ConnectionState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  /** The server is there, but etcd does not answer it. */
  | { readonly name: 'outage'; readonly reason: string; readonly asOf: number | undefined }
  /** Trying again at `retryAt`, a time of `Date.now()`. */
  | { readonly name: 'lost'; readonly reason: string; readonly retryAt: number }
  /** The server wants a token, or another one. */
  | { readonly name: 'unauthorized'; readonly wasRefused: boolean };

export interface ConnectionHandlers {
  connection(now: ConnectionState): void;
  /** The server's clock minus ours, in milliseconds, and that the stream is alive. */
  alive(skew: number | undefined): void;
  picture(picture: PictureEvent): void;
  changed(changes: ChangedEvent): void;
}

/** The server sends something every 5 s. After this silence (ms) the stream counts as dead. */
const SILENCE = 12_000;
const RETRY = { first: 500, most: 15_000 } as const;
const TOKEN = 'etcd-leader-token';

/** Follows the server's events, for ever: reconnects by itself, ever more slowly, until somebody wakes it. */
export class EventConnection {
  readonly #handlers: ConnectionHandlers;
  #state: ConnectionState = { name: 'connecting' };
  #attempt = 0;
  #stream: AbortController | undefined;
  #lastHeard = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    setInterval(() => this.#checkSilence(), 1_000);
    globalThis.addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.retryNow();
    });
  }

  start(): void {
    void this.#follow();
  }

  /** Does not wait for the next attempt, when it waits for one. */
  retryNow(): void {
    if (this.#state.name === 'lost') this.start();
  }

  /** Tries with this token, and keeps it until the browser's tab is closed. */
  useToken(token: string): void {
    sessionStorage.setItem(TOKEN, token);
    this.start();
  }

  /** Asks the server for JSON, once. Rejects when there is none. */
  async read(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await request(path, sessionStorage.getItem(TOKEN), signal);
    if (!response.ok) throw new Error(await refusal(response));
    return await response.json();
  }

  async #follow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    this.#lastHeard = Date.now();
    try {
      const token = sessionStorage.getItem(TOKEN);
      const response = await request('/api/events?terms=day', token, stream.signal);
      if (this.#stream !== stream) return;
      if (response.status === 401) {
        await response.body?.cancel();
        sessionStorage.removeItem(TOKEN);
        this.#enter({ name: 'unauthorized', wasRefused: token !== null });
        return;
      }
      if (!response.ok || response.body === null) throw new Error(await refusal(response));
      this.#enter({ name: 'connecting' }); // until there is a picture
      await this.#read(response.body, stream);
      throw new Error('the server has ended the stream');
    } catch (err) {
      if (this.#stream === stream) this.#retryLater(stream.signal.aborted ? stream.signal.reason : err);
    }
  }

  async #read(body: ReadableStream<Uint8Array>, stream: AbortController): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#stream !== stream) return;
      this.#lastHeard = Date.now();
      this.#handlers.alive(undefined);
      for (const event of events.read(decoder.decode(value, { stream: true }))) this.#take(event);
    }
  }

  #take({ event, data }: StreamEvent): void {
    const told: unknown = JSON.parse(data);
    const { now } = told as Partial<StreamEvents[keyof StreamEvents]>;
    if (now !== undefined) this.#handlers.alive(now - Date.now());
    switch (event) {
      case 'picture':
        this.#attempt = 0;
        this.#handlers.picture(told as PictureEvent);
        if (this.#state.name !== 'outage') this.#enter({ name: 'live' });
        return;
      case 'changed':
        this.#handlers.changed(told as ChangedEvent);
        return;
      case 'outage': {
        const { message, since, asOf } = told as OutageEvent;
        this.#enter({ name: 'outage', reason: message, asOf: asOf ?? since });
        return;
      }
      case 'answered':
        this.#enter({ name: 'live' });
        return;
      default: // a later server may know more
    }
  }

  #checkSilence(): void {
    const isFollowing = this.#state.name !== 'lost' && this.#state.name !== 'unauthorized';
    if (isFollowing && Date.now() - this.#lastHeard > SILENCE) {
      this.#stream?.abort(new Error('the server is silent'));
    }
  }

  #retryLater(reason: unknown): void {
    const wait = Math.min(RETRY.most, RETRY.first * 2 ** this.#attempt) * (0.8 + 0.4 * Math.random());
    this.#attempt++;
    this.#enter({ name: 'lost', reason: messageOf(reason), retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => this.start(), wait);
  }

  #enter(next: ConnectionState): void {
    this.#state = next;
    this.#handlers.connection(next);
  }
}

function request(path: string, token: string | null, signal: AbortSignal): Promise<Response> {
  const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(path, { headers, cache: 'no-store', signal });
}

async function refusal(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).slice(0, 200);
  return `the server has answered ${response.status}${text === '' ? '' : `: ${text}`}`;
}

function messageOf(reason: unknown): string {
  if (reason instanceof TypeError) return 'the server cannot be reached'; // what fetch throws says less
  return reason instanceof Error ? reason.message : String(reason);
}
