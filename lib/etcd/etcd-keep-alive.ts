import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import type { ElectionError } from '../errors.js';
import type { KeepAliveHandlers, KeepAliveStream } from '../store/store.js';
import { isTokenUseless } from './errors.js';
import { maybeHeader } from './header.js';
import type { StreamHandlers } from './stream.js';

/** The part that we use of a {@link Stream}. */
interface Pipe {
  send(request: ILeaseKeepAliveRequest): void;
  overdue(): void;
  readonly doubt: string | undefined;
  close(): void;
}

/**
 * Streams that are opened for one refresh because of a useless token. The first of them may get a token that was good
 * enough for the request before, and ends in the same moment. The second gets another one.
 */
const RENEWALS = 2;

export interface EtcdKeepAliveOptions {
  readonly id: bigint;
  readonly on: KeepAliveHandlers;
  readonly open: (on: StreamHandlers<ILeaseKeepAliveResponse>) => Pipe;
  /** Makes one of our errors of what etcd said; the next stream has another token if this one is of no use. */
  readonly translate: (error: Error) => ElectionError;
}

/**
 * {@link KeepAliveStream} on etcd. A stream keeps the token that it was opened with, and etcd looks at the token at
 * each refresh: 3.5.30, 3.6.16 and 3.7.3 do, 3.4.23 and 3.5.16 do not. That a token has expired is no failure: the
 * refresh is repeated at once on another stream, with another token, and only a refusal of two more tokens is told.
 */
export class EtcdKeepAlive implements KeepAliveStream {
  readonly #options: EtcdKeepAliveOptions;
  readonly #request: ILeaseKeepAliveRequest;
  #pipe: Pipe;
  /** A refresh waits for its answer. */
  #isPending = false;
  /** Streams that were opened in a row because of a useless token: nothing was answered on them. */
  #renewals = 0;
  /** Another stream must take the place of this one as soon as nothing is awaited on it. */
  #isOutdated = false;

  constructor(options: EtcdKeepAliveOptions) {
    this.#options = options;
    this.#request = { ID: options.id.toString() };
    this.#pipe = this.#open();
  }

  send(): void {
    this.#isPending = true;
    this.#pipe.send(this.#request);
  }

  overdue(): void {
    this.#pipe.overdue();
  }

  doubt(): string | undefined {
    return this.#pipe.doubt;
  }

  close(): void {
    this.#pipe.close();
  }

  #open(): Pipe {
    return this.#options.open({
      data: (reply) => {
        this.#isPending = false;
        this.#renewals = 0;
        if (this.#isOutdated) this.#reopen();
        this.#options.on.reply(Number(reply.TTL), maybeHeader(reply.header));
      },
      closed: (err) => this.#onClosed(err),
      renew: () => {
        if (this.#isPending) this.#isOutdated = true;
        else this.#reopen();
      },
    });
  }

  #reopen(): void {
    this.#isOutdated = false;
    this.#pipe.close();
    this.#pipe = this.#open();
  }

  #onClosed(err: Error): void {
    const error = this.#options.translate(err);
    const isOver = this.#renewals === RENEWALS || !this.#isPending;
    if (isOver || !isTokenUseless(err.message)) return this.#options.on.closed(error);
    this.#renewals += 1;
    this.#isOutdated = false;
    this.#pipe = this.#open();
    this.#pipe.send(this.#request);
  }
}
