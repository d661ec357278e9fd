import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/time.js';
import { ClientClosed, type Store, type WatchHandlers, type WatchStream } from '../store/store.js';
import { SignOfLife } from './sign-of-life.js';

export interface ReopeningStreamOptions {
  /** Milliseconds of quiet after which a stream is asked for a sign of life. */
  readonly quiet: number;
  /** Milliseconds that the sign of life may take. */
  readonly patience: number;
}

/** Why a stream that gave no sign of life has ended. */
export class StreamSilent extends Error {}

/** Milliseconds before a stream is opened again: few at first, since a leader may be waiting for us. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * Milliseconds that a stream is kept when nobody needs it any more. Often it is needed again soon. And the streams of a
 * leader that has left are not closed in the very moment in which the next one takes over.
 */
const LINGER = 100;

/**
 * A stream of watches that is opened again when it breaks, on another member, for as long as it is needed.
 *
 * - **closed**: there is no stream, and nobody needs one, or the user has closed the client. Ends when one is needed.
 * - **open**: the stream tells events. After a time of quiet it is asked for a sign of life, since it would be quiet
 *   for ever on a half-open connection or on a member that has stopped. Ends when the stream breaks or gives no sign of
 *   life (then reopening), or when nobody needs it any more (then lingering).
 * - **reopening**: the stream is gone. Ends after a pause, with another stream, or when nobody needs one any more (then
 *   closed).
 * - **lingering**: the stream is open, and nobody needs it. Ends after a moment (then closed), or when it is needed
 *   again (then open).
 */
export class ReopeningStream {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #opened: (isAgain: boolean) => void;
  readonly #on: Omit<WatchHandlers, 'alive'>;
  readonly #signOfLife: SignOfLife;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  #state: 'closed' | 'open' | 'reopening' | 'lingering' = 'closed';
  #stream: WatchStream | undefined;
  /** Streams in a row that gave no sign of life when asked. */
  #silences = 0;
  /** Cancels the timer that ends reopening, or lingering. */
  #cancelTimer: () => void = () => {};

  /**
   * `opened`: there is a stream, without watches; `isAgain`: what happened since the one before was told to nobody.
   * `on` is told what the stream tells. `closed` means that its watches have ended with it: no other stream is opened
   * after `ClientClosed`, and one after a pause in all other cases. Nothing is told of a stream that is closed because
   * nobody needs it.
   */
  constructor(
    store: Store,
    clock: Clock,
    { quiet, patience }: ReopeningStreamOptions,
    opened: (isAgain: boolean) => void,
    on: Omit<WatchHandlers, 'alive'>,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#opened = opened;
    this.#on = on;
    this.#signOfLife = new SignOfLife(clock, {
      quiet,
      patience,
      ask: () => this.#stream?.ping(),
      silent: () => this.#reopen(new StreamSilent('no sign of life')),
    });
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** The stream is needed from now on. */
  hold(): void {
    if (this.#state === 'closed') return this.#open(false);
    if (this.#state !== 'lingering') return;
    this.#cancelTimer();
    this.#state = 'open';
    this.#signOfLife.begin();
  }

  /** Nobody needs the stream any more. */
  rest(): void {
    if (this.#state === 'reopening') return this.close();
    if (this.#state !== 'open') return;
    this.#state = 'lingering';
    this.#signOfLife.end();
    this.#cancelTimer = this.#clock.after(LINGER, () => this.close());
  }

  create(id: number, key: string, end: string | undefined, from: bigint): void {
    this.#stream?.create(id, key, end, from);
  }

  cancel(id: number): void {
    this.#stream?.cancel(id);
  }

  /** Takes another stream in the place of this one. */
  renew(): void {
    this.#reopen(new Error('another stream was asked for'));
  }

  close(): void {
    this.#end();
    this.#state = 'closed';
  }

  #open(isAgain: boolean): void {
    const isCurrent = (): boolean => this.#stream === stream;
    const stream = this.#store.watch({
      alive: () => {
        if (!isCurrent()) return;
        this.#signOfLife.seen();
        this.#silences = 0;
      },
      created: (id, revision) => {
        if (!isCurrent()) return;
        this.#backoff.reset();
        this.#on.created(id, revision);
      },
      events: (id, events) => {
        if (isCurrent()) this.#on.events(id, events);
      },
      cancelled: (id, compacted, error) => {
        if (isCurrent()) this.#on.cancelled(id, compacted, error);
      },
      closed: (error) => {
        if (!isCurrent()) return;
        if (!(error instanceof ClientClosed)) return this.#reopen(error);
        this.close();
        this.#on.closed(error);
      },
    });
    this.#stream = stream;
    this.#state = 'open';
    this.#opened(isAgain);
    this.#signOfLife.begin();
  }

  #reopen(error: Error): void {
    if (this.#state === 'lingering') return this.close();
    this.#end(error instanceof StreamSilent);
    this.#state = 'reopening';
    this.#cancelTimer = this.#clock.after(this.#backoff.next(), () => this.#open(true));
    this.#on.closed(error);
  }

  #end(isSilent = false): void {
    this.#signOfLife.end();
    this.#cancelTimer();
    const stream = this.#stream;
    this.#stream = undefined;
    if (isSilent) stream?.overdue();
    // The stream before gave no sign of life either. When etcd is merely slow, a new connection would make it slower
    // still.
    if (isSilent && ++this.#silences > 1) stream?.overdue();
    stream?.close();
  }
}
