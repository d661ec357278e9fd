import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { request as requestByTls } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tracked } from '../track.js';
import { SOON, until } from '../wait.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: specs compare it
  readonly json: any;
}

export interface HttpRequestOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** The authority of a server with TLS. */
  readonly ca?: Buffer;
  /** Milliseconds. */
  readonly within?: number;
}

/** Sends the path as it stands, which no browser would, over a connection of its own. */
export async function sendRequest(base: string, path: string, options: HttpRequestOptions = {}): Promise<HttpAnswer> {
  const response = await open(base, path, options);
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += chunk;
  const isJson = response.headers['content-type']?.startsWith('application/json') === true && text !== '';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

function open(base: string, path: string, options: HttpRequestOptions): Promise<IncomingMessage> {
  const { hostname, port, protocol } = new URL(base);
  const { method = 'GET', headers = {}, body, ca, within = SOON } = options;
  return new Promise((resolve, reject) => {
    const asked = (protocol === 'https:' ? requestByTls : request)({
      // The certificate is of the address, and not of the name in the header `Host`.
      ...(ca !== undefined && { ca, servername: '' }),
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      path,
      method,
      agent: false,
      headers: { host: `${hostname}:${port}`, ...headers },
      signal: AbortSignal.timeout(within),
    });
    asked.on('error', reject).on('response', resolve).end(body);
  });
}

export interface ServerEvent {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: specs compare it
  readonly data: any;
  /** On the clock of the spec's process. */
  readonly at: number;
}

/** Somebody who follows the events. It ends with the spec. */
export class EventFollower {
  readonly events: ServerEvent[] = [];
  isEnded = false;
  #parts: string[] = [];
  readonly #response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#read(chunk));
    response.on('close', () => {
      this.isEnded = true;
    });
    response.on('error', () => {}); // the server has cut us off
  }

  static async at(base: string, options: HttpRequestOptions = {}, path = '/api/events'): Promise<EventFollower> {
    const response = await open(base, path, { within: 600_000, ...options });
    if (response.statusCode !== 200) throw new Error(`/api/events answers ${response.statusCode}`);
    return tracked(new EventFollower(response));
  }

  /** The first event of this name that is as wanted, now or later. */
  async event(
    name: string,
    is: (data: ServerEvent['data']) => boolean = () => true,
    within = SOON,
  ): Promise<ServerEvent> {
    const found = (): ServerEvent | undefined => this.events.find((event) => event.name === name && is(event.data));
    try {
      return await until(found, { within, what: `an event ${name}` });
    } catch (err) {
      throw new Error(`${(err as Error).message}; there are: ${this.events.map((event) => event.name).join()}`);
    }
  }

  close(): void {
    this.#response.destroy();
  }

  #read(chunk: string): void {
    const tail = this.#parts.at(-1)?.at(-1) ?? '';
    this.#parts.push(chunk);
    if (!`${tail}${chunk}`.includes('\n\n')) return; // a large event comes in many parts
    const blocks = this.#parts.join('').split('\n\n');
    this.#parts = [blocks.pop() ?? ''];
    for (const block of blocks) {
      const [, name, data] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(block) ?? [];
      if (name !== undefined) this.events.push({ name, data: JSON.parse(data ?? ''), at: performance.now() });
    }
  }
}

/** A connection on which the spec writes what it likes, and reads only when it likes. It ends with the spec. */
export class RawConnection {
  readonly #socket: Socket;
  /** What has come in while `read()` was in force. */
  text = '';
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {}); // the server has cut us off
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static to(base: string): Promise<RawConnection> {
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(tracked(new RawConnection(socket))));
    });
  }

  write(text: string): this {
    this.#socket.write(text);
    return this;
  }

  read(): this {
    this.#socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk;
    });
    return this;
  }

  async closed(within = SOON): Promise<void> {
    await until(() => this.isClosed, { within, what: 'the server to close the connection' });
  }

  close(): void {
    this.#socket.destroy();
  }
}
