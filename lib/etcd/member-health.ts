import type { Clock } from '../common/time.js';
import { OpenStreams } from './open-streams.js';

/** Milliseconds to avoid a silent member: 5 s, then 10 s, 20 s ... for each silence in a row, a minute at the most. */
const FIRST_AVOIDANCE = 5_000;
const LONGEST_AVOIDANCE = 60_000;
/** Milliseconds to avoid a member that refused a connection, because to try that again costs nothing. */
const AFTER_REFUSAL = 1_000;
/** The greatest `slowness`; unary.ts has a row of attempts for each. */
const MOST_SLOWNESS = 2;

/**
 * Which members of the cluster did not answer lately. etcd3 picks a member at random for every request and does not
 * remember what became of it. Without a memory every third request would wait for the same sick member of three.
 *
 * A member is known by its gRPC target, such as `dns:127.0.0.1:2379`.
 */
export class MemberHealth {
  readonly streams: OpenStreams;
  readonly #clock: Clock;
  readonly #avoided = new Map<string, { until: number; silences: number }>();
  #slowness = 0;

  constructor(clock: Clock) {
    this.streams = new OpenStreams(clock);
    this.#clock = clock;
  }

  /**
   * 0, and up to 2 while the whole cluster answers late. Then a request has longer attempts and fewer of them, because
   * it does not help a slow cluster to be asked again and again.
   */
  get slowness(): number {
    return this.#slowness;
  }

  /** No member answered a request in time. */
  clusterWasLate(): void {
    this.#slowness = Math.min(MOST_SLOWNESS, this.#slowness + 1);
  }

  /** A member answered a request within the usual time. */
  clusterWasInTime(): void {
    this.#slowness = 0;
  }

  avoid(target: string): boolean {
    const avoided = this.#avoided.get(target);
    return avoided !== undefined && this.#clock.now() < avoided.until;
  }

  answered(target: string): void {
    if (this.#avoided.size > 0) this.#avoided.delete(target);
  }

  /** The member refused the connection, or answered that it cannot serve. */
  failed(target: string): void {
    this.#avoided.set(target, { until: this.#clock.now() + AFTER_REFUSAL, silences: this.silences(target) });
  }

  /** How many times in a row the member did not answer in time. */
  silences(target: string): number {
    return this.#avoided.get(target)?.silences ?? 0;
  }

  /** The member did not answer in time. Returns how many times in a row. */
  silent(target: string): number {
    const silences = this.silences(target) + 1;
    const avoidance = Math.min(LONGEST_AVOIDANCE, FIRST_AVOIDANCE * 2 ** (silences - 1));
    this.#avoided.set(target, { until: this.#clock.now() + avoidance, silences });
    return silences;
  }
}
