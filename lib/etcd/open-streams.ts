import type { Clock } from '../common/time.js';

/** An open stream, and when on the clock it was first asked for something and last answered; 0 for never. */
export interface Answering {
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** Milliseconds for which a suspicion lasts. */
const SUSPECTED_FOR = 60_000;

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
