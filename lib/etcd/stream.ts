import { type Clock, soon } from '../common/time.js';
import { CallGuard, type CallOptions, MAX_REFUSALS } from './call-guard.js';
import type { MemberHealth } from './member-health.js';

/** The part that we use of what etcd3 returns for a stream: grpc-js's duplex stream. */
export interface Duplex<Request, Response> {
  on(event: 'data', listener: (response: Response) => void): this;
  on(event: 'end', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  write(request: Request): void;
  end(): void;
  cancel(): void;
}

export interface StreamHandlers<Response> {
  data(response: Response): void;
  /** Told once, and not after `close()`. */
  closed(error: Error): void;
  /** The stream still works, and another must take its place. */
  renew(): void;
}

/** Silences of a member in a row after which etcd3 is made to drop the connection, because it may be half-open. */
const SILENCES_BEFORE_RESET = 2;

/** One gRPC stream to some member, opened in the background. Requests that are sent meanwhile wait. */
export class Stream<Request, Response> {
  readonly #members: MemberHealth;
  readonly #clock: Clock;
  readonly #on: StreamHandlers<Response>;
  readonly #closedBy: () => Error | undefined;
  #stream: Duplex<Request, Response> | undefined;
  #guard: CallGuard | undefined;
  #waiting: Request[] = [];
  #isOver = false;
  #isOverdue = false;
  /** When the stream was first asked for something, and last answered, on the clock; 0 for never. */
  askedAt = 0;
  answeredAt = 0;

  constructor(
    members: MemberHealth,
    clock: Clock,
    open: (options: CallOptions) => Promise<Duplex<Request, Response>>,
    on: StreamHandlers<Response>,
    closedBy: () => Error | undefined = () => undefined,
  ) {
    this.#members = members;
    this.#clock = clock;
    this.#on = on;
    this.#closedBy = closedBy;
    this.#open(open, 0).catch((err: Error) => this.#end(err));
  }

  /** What may keep an answer away, for the operator; undefined when nothing is known. */
  get doubt(): string | undefined {
    return this.#members.streams.hint(this.#target);
  }

  get #target(): string {
    return this.#guard?.target ?? '';
  }

  /** On a client that was closed meanwhile, the stream ends instead. */
  send(request: Request): void {
    const reason = this.#closedBy();
    if (reason !== undefined) return soon(() => this.#breakOff(reason));
    if (this.#stream === undefined) this.#waiting.push(request);
    else if (!this.#isOver) this.#write(this.#stream, request);
  }

  /**
   * The member did not answer in time: the next stream goes to another member. This stream stays open, since the answer
   * may still come. When `overdue()` is called again without an answer, the stream is cancelled if its connection may
   * be half-open.
   */
  overdue(): void {
    if (this.#isOver || this.#guard === undefined) return;
    const { target } = this.#guard;
    if (this.#stream !== undefined) this.#members.streams.overdue(target, this);
    const isAgain = this.#isOverdue;
    this.#isOverdue = true;
    if (!isAgain) this.#members.silent(target);
    if (!isAgain || this.#members.silences(target) < SILENCES_BEFORE_RESET) return;
    // Do not end the stream first: then etcd3 takes its error for a fault of the host, and connects anew.
    this.#stream?.cancel();
  }

  renew(): void {
    if (!this.#isOver) this.#on.renew();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#members.streams.delete(this.#target, this);
    this.#guard?.abandon();
    this.#stream?.end();
    this.#stream?.cancel();
  }

  async #open(open: (options: CallOptions) => Promise<Duplex<Request, Response>>, refusals: number): Promise<void> {
    const guard = new CallGuard(this.#members, this.#clock, { force: refusals >= MAX_REFUSALS });
    this.#guard = guard;
    const stream = await open(guard.options);
    if (this.#isOver) {
      stream.on('error', () => {}); // our own cancellation
      stream.end();
      stream.cancel();
      return;
    }
    if (guard.refused) {
      stream.on('error', () => {}); // our own refusal
      stream.end();
      await this.#open(open, refusals + 1);
      return;
    }
    this.#stream = stream;
    stream.on('data', (response) => {
      if (this.#isOver) return;
      this.#isOverdue = false;
      this.answeredAt = this.#clock.now();
      this.#members.answered(guard.target);
      this.#on.data(response);
    });
    stream.on('error', (err) => this.#end(err));
    stream.on('end', () => this.#end(new Error('the stream was ended by etcd')));
    this.#members.streams.add(guard.target, this);
    for (const request of this.#waiting) this.#write(stream, request);
    this.#waiting = [];
  }

  #write(stream: Duplex<Request, Response>, request: Request): void {
    this.askedAt ||= this.#clock.now();
    stream.write(request);
  }

  #breakOff(reason: Error): void {
    if (this.#isOver) return;
    this.close();
    this.#on.closed(reason);
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#members.streams.delete(this.#target, this);
    this.#on.closed(error);
  }
}
