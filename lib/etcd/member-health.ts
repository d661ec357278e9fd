import type { Clock } from '../common/time.js';

/** After the n-th silence in a row a member is left alone for 5 s, 10 s, 20 s ... at most a minute. */
const FIRST_AVOIDANCE = 5_000;
const LONGEST_AVOIDANCE = 60_000;
/** A refused connection costs nothing to try again, so it is tried again soon. */
const AFTER_REFUSAL = 1_000;
/** A cluster that answers late is not helped by being asked again and again. */
const MOST_STRAIN = 2;

/**
 * Which members of the cluster did not answer lately. etcd3 picks a member at random for every request and forgets at
 * once what became of it; without a memory every third request would wait for the same sick member of three.
 *
 * A member is known by its gRPC target, such as `dns:127.0.0.1:2379`.
 */
export class MemberHealth {
  readonly #clock: Clock;
  readonly #avoided = new Map<string, { until: number; silences: number }>();

  #strain = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** 0, and up to 2 while the whole cluster answers late: a request is then given longer, and repeated less often. */
  get strain(): number {
    return this.#strain;
  }

  /** A request was not answered in time by anybody. */
  strained(): void {
    this.#strain = Math.min(MOST_STRAIN, this.#strain + 1);
  }

  /** One was answered within the usual patience. */
  relaxed(): void {
    this.#strain = 0;
  }

  avoid(target: string): boolean {
    const avoided = this.#avoided.get(target);
    return avoided !== undefined && this.#clock.now() < avoided.until;
  }

  answered(target: string): void {
    if (this.#avoided.size > 0) this.#avoided.delete(target);
  }

  /** It refused the connection, or answered that it cannot serve. */
  failed(target: string): void {
    this.#avoided.set(target, { until: this.#clock.now() + AFTER_REFUSAL, silences: this.silences(target) });
  }

  /** How many times in a row it did not answer in time. */
  silences(target: string): number {
    return this.#avoided.get(target)?.silences ?? 0;
  }

  /** It did not answer in time. Returns how many times in a row. */
  silent(target: string): number {
    const silences = this.silences(target) + 1;
    const avoidance = Math.min(LONGEST_AVOIDANCE, FIRST_AVOIDANCE * 2 ** (silences - 1));
    this.#avoided.set(target, { until: this.#clock.now() + avoidance, silences });
    return silences;
  }
}
