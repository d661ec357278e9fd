import type { IncomingMessage, ServerResponse } from 'node:http';
import { electionJson, poolJson, toJson } from '../../view/json.js';
import { type AccessCheck, METHODS, type Refusal } from './access-check.js';
import type { Assets } from './assets.js';
import type { EtcdHealth, EtcdTrouble } from './etcd-health.js';
import type { EventStreams } from './event-streams.js';
import { type IsHere, leaderAnswer } from './leader.js';
import type { Metrics } from './metrics.js';
import type { Pictures } from './pictures.js';
import { type Terms, termsAskedFor, withTerms } from './recent-terms.js';
import { send, sendJson } from './reply.js';

export interface RoutesOptions {
  readonly access: AccessCheck;
  readonly assets: Assets;
  readonly pictures: Pictures;
  readonly health: EtcdHealth;
  readonly streams: EventStreams;
  /** Undefined: prom-client is not installed. */
  readonly metrics: Metrics | undefined;
  /** Whether a value is one of this host's. */
  readonly isHere: IsHere;
  readonly describe: (trouble: EtcdTrouble) => string;
  readonly refused: (from: string, refusal: Refusal) => void;
}

/** What is asked for, with percent-encoding undone. */
interface RequestTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Which address is answered with what. All answers come from memory. */
export class Routes {
  readonly #options: RoutesOptions;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume(); // a body says nothing here
    const target = targetOf(request.url ?? '');
    const refusal = this.#options.access.refusalOf(request, target === undefined || isOpen(target.path));
    if (refusal !== undefined) {
      this.#options.refused(request.socket.remoteAddress ?? '', refusal);
      const { status, error, headers } = refusal;
      return sendJson(response, status, { error }, headers);
    }
    if (target === undefined) return sendJson(response, 400, { error: 'the address is malformed' });
    const election = after('/leader/', target.path);
    // HAProxy asks by OPTIONS unless it is told otherwise, and wants the status.
    if (election !== undefined) return this.#leader(response, election, target.query);
    if (request.method === 'OPTIONS') return send(response, 204, { allow: METHODS.join(', ') });
    this.#resource(response, target);
  }

  #resource(response: ServerResponse, { path, query }: RequestTarget): void {
    const { assets, streams } = this.#options;
    if (path === '/' || path === '/index.html') return assets.answer(response, 'index.html');
    if (path === '/healthz') return this.#healthz(response);
    if (path === '/metrics') return this.#metrics(response);
    if (path === '/api/events' || path === '/api/elections') {
      const terms = termsAskedFor(query);
      if (terms === undefined) return sendJson(response, 400, { error: '`terms` is `all` or `day`' });
      return path === '/api/events' ? streams.answer(response, terms) : this.#all(response, terms);
    }
    const asset = after('/assets/', path);
    if (asset !== undefined) return assets.answer(response, asset);
    const election = after('/api/elections/', path);
    if (election !== undefined) return this.#one(response, 'elections', election, electionJson);
    const pool = after('/api/pools/', path);
    if (pool !== undefined) return this.#one(response, 'pools', pool, poolJson);
    sendJson(response, 404, { error: 'there is nothing at this address' });
  }

  #leader(response: ServerResponse, name: string, query: URLSearchParams): void {
    const { pictures, health } = this.#options;
    const asked = query.getAll('value');
    if (name === '' || asked.length > 1) {
      return sendJson(response, 400, { error: 'this takes one election, and one `value` at the most' });
    }
    const isHere = asked[0] === undefined ? this.#options.isHere : (value: string) => value === asked[0];
    const { status, body } = leaderAnswer(name, pictures.elections.get(name), { isHere, isKnown: health.vouches });
    sendJson(response, status, body);
  }

  #healthz(response: ServerResponse): void {
    const { health } = this.#options;
    const age = Number.isFinite(health.age) ? Math.round(health.age) : null;
    const code = health.trouble?.error.code ?? (health.vouches ? null : 'UNAVAILABLE');
    if (code === null) return sendJson(response, 200, { status: 'ok', age });
    const since = health.trouble?.since ?? null;
    const isEarly = health.trouble === undefined && age === null;
    sendJson(response, 503, {
      status: isEarly ? 'etcd has not answered yet' : 'etcd does not answer',
      code,
      since,
      age,
    });
  }

  #metrics(response: ServerResponse): void {
    const { metrics } = this.#options;
    if (metrics === undefined) {
      return sendJson(response, 501, { error: 'figures need the package prom-client: npm install prom-client' });
    }
    metrics.read().then(
      ({ type, text }) => send(response, 200, { 'content-type': type }, text),
      () => sendJson(response, 500, { error: 'the figures could not be read' }),
    );
  }

  #all(response: ServerResponse, terms: Terms): void {
    const { pictures, health } = this.#options;
    if (!health.isStarted) return this.#notYet(response);
    const picture = toJson(withTerms(pictures.latest, terms));
    sendJson(response, 200, { now: Date.now(), outage: this.#outage(), ...picture });
  }

  #one<K extends 'elections' | 'pools'>(
    response: ServerResponse,
    kind: K,
    name: string,
    json: (one: NonNullable<ReturnType<Pictures[K]['get']>>) => object,
  ): void {
    const { pictures, health } = this.#options;
    if (!health.isStarted) return this.#notYet(response);
    const one = pictures[kind].get(name) as Parameters<typeof json>[0] | undefined;
    if (one === undefined) return sendJson(response, 404, { error: 'nobody is there under this name' });
    sendJson(response, 200, { now: Date.now(), outage: this.#outage(), ...json(one) });
  }

  #notYet(response: ServerResponse): void {
    sendJson(response, 503, { error: 'etcd has not answered yet', outage: this.#outage() }, { 'retry-after': '1' });
  }

  #outage(): object | null {
    const { health, describe } = this.#options;
    const { trouble } = health;
    return trouble === undefined
      ? null
      : { code: trouble.error.code, message: describe(trouble), since: trouble.since };
  }
}

/** The page asks for the token by itself, so the page comes without it; and a health check has none. */
function isOpen(path: string): boolean {
  return path === '/' || path === '/index.html' || path === '/healthz' || path.startsWith('/assets/');
}

/** Undefined: the address is malformed. Nothing is resolved: dots and slashes are parts of names. */
function targetOf(url: string): RequestTarget | undefined {
  const [, path = '', query = ''] = /^(\/[^?#]*)(?:\?([^#]*))?$/.exec(url) ?? [];
  if (path === '') return undefined;
  try {
    decodeURIComponent(query);
    return { path: decodeURIComponent(path), query: new URLSearchParams(query) };
  } catch {
    return undefined;
  }
}

/** What follows `start` in the path; undefined: the path begins otherwise. */
function after(start: string, path: string): string | undefined {
  return path.startsWith(start) ? path.slice(start.length) : undefined;
}
