import type { Clock } from '../common/time.js';

/** An open stream, and when on the clock it was first asked for something and last answered; 0 for never. */
export interface Answering {
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Another stream must take its place: this one belongs to a connection that is given up. */
  renew(): void;
}

/** Milliseconds for which a suspicion lasts. */
const SUSPECTED_FOR = 60_000;

/** Milliseconds between two streams that are renewed, so that they are not all opened at once. */
const RENEW_EVERY = 50;

/**
 * The streams of one client that are open, by member. A server, or a proxy before it, may limit the streams of a
 * connection. grpc-js lets the streams and requests beyond the limit wait without a word. But when a member has never
 * answered one stream, and answers others that were asked later, the first was perhaps never sent.
 */
export class OpenStreams {
  readonly #clock: Clock;
  readonly #byTarget = new Map<string, Set<Answering>>();
  readonly #suspicions = new Map<string, { readonly hint: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(target: string, stream: Answering): void {
    const there = this.#byTarget.get(target) ?? new Set();
    this.#byTarget.set(target, there.add(stream));
  }

  delete(target: string, stream: Answering): void {
    const there = this.#byTarget.get(target);
    there?.delete(stream);
    if (there?.size === 0) this.#byTarget.delete(target);
  }

  /** Renews the streams of a member that are open now, one after the other. */
  renew(target: string): void {
    const [first, ...rest] = this.#byTarget.get(target) ?? [];
    if (first === undefined) return;
    first.renew();
    const next = (): void => {
      const stream = rest.shift();
      if (stream === undefined) return;
      if (this.#byTarget.get(target)?.has(stream) === true) stream.renew();
      this.#clock.after(RENEW_EVERY, next, { unref: true });
    };
    this.#clock.after(RENEW_EVERY, next, { unref: true });
  }

  /** The stream was not answered in time. */
  overdue(target: string, stream: Answering): void {
    const there = [...(this.#byTarget.get(target) ?? [])];
    const answered = there.filter(({ answeredAt }) => answeredAt > stream.askedAt).length;
    if (stream.answeredAt > 0 || answered === 0) return;
    const member = target.replace(/^dns:/, '');
    const hint =
      `${member} answers ${answered} of ${there.length} streams of this client: ` +
      'if etcd, or a proxy before it, limits the ' +
      'streams of a connection (--max-concurrent-streams), raise the limit, or let elections share a `Session`';
    this.#suspicions.set(target, { hint, until: this.#clock.now() + SUSPECTED_FOR });
  }

  /** What may keep the answers of this member away, for the operator; undefined when nothing is known. */
  hint(target: string): string | undefined {
    const suspicion = this.#suspicions.get(target);
    return suspicion !== undefined && this.#clock.now() < suspicion.until ? suspicion.hint : undefined;
  }
}
