import type { Clock } from '../../../lib/common/time.js';
import type { Random } from '../random.js';
import type { FixedOrDrawn, ResolvedOptions } from './options.js';

/**
 * `silent`: everything that goes in or comes out is swallowed. `mute`: what goes in arrives, and nothing comes out.
 * `down`: requests are refused, and streams break.
 */
export type Condition = 'up' | 'silent' | 'mute' | 'down';

export type MessageDirection = 'request' | 'reply';

/** One end of a connection, a member or a process, and its condition. */
export class Endpoint {
  #condition: Condition = 'up';
  readonly #listeners = new Set<() => void>();

  get condition(): Condition {
    return this.#condition;
  }

  set condition(condition: Condition) {
    this.#condition = condition;
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The way between a process and a member. */
export class Path {
  readonly #endpoints: readonly [Endpoint, Endpoint];

  constructor(process: Endpoint, member: Endpoint) {
    this.#endpoints = [process, member];
  }

  get refused(): boolean {
    return this.#endpoints.some(({ condition }) => condition === 'down');
  }

  swallows(direction: MessageDirection): boolean {
    return this.#endpoints.some(
      ({ condition }) => condition === 'silent' || (condition === 'mute' && direction === 'reply'),
    );
  }

  onChange(listener: () => void): () => void {
    const ends = this.#endpoints.map((endpoint) => endpoint.onChange(listener));
    return () => {
      for (const end of ends) end();
    };
  }
}

/** What all messages have in common: how long they take, and what happens to them on the way. */
export class Network {
  readonly options: ResolvedOptions;
  readonly random: Random;
  readonly #clock: Clock;
  readonly #timers = new Set<() => void>();

  constructor(options: ResolvedOptions, random: Random) {
    this.options = options;
    this.random = random;
    this.#clock = options.clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, fn: () => void): () => void {
    const cancelTimer = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      fn();
    });
    const cancel = (): void => {
      this.#timers.delete(cancel);
      cancelTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  draw(span: FixedOrDrawn): number {
    return typeof span === 'number' ? span : this.random.between(...span);
  }

  /** Whether a message that was sent into a silence is delivered when the silence ends. */
  survivesSilence(): boolean {
    const { silence } = this.options;
    return silence === 'delays' || (silence === 'either' && this.random.chance(0.5));
  }

  trace(what: () => string): void {
    this.options.trace?.(this.now(), what());
  }

  /** Carries one message, with no order among others. Calls `arrive` or `refused`, or neither. */
  carry(path: Path, direction: MessageDirection, delay: number, arrive: () => void, refused: () => void): void {
    this.after(this.draw(this.options.latency) + delay, () => {
      if (path.refused) refused();
      else if (!path.swallows(direction)) arrive();
      else if (this.survivesSilence()) this.#hold(path, direction, arrive, refused);
    });
  }

  /** Stops the world: no timer is left. */
  close(): void {
    for (const cancel of [...this.#timers]) cancel();
  }

  #hold(path: Path, direction: MessageDirection, arrive: () => void, refused: () => void): void {
    const end = path.onChange(() => {
      if (!path.refused && path.swallows(direction)) return;
      end();
      if (path.refused) refused();
      else arrive();
    });
  }
}
