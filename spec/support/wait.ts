import { setTimeout as sleep } from 'node:timers/promises';

const POLL_EVERY = 5;
/**
 * Milliseconds. A bound says what is missing, not how fast it must come: the machine may have other work. It is below
 * the TTL of candidates that are to keep their lease, so that no lease that runs out stands in for missed news.
 */
export const SOON = 40_000;
/** Milliseconds that a busy machine may add to a time that the library promises. */
export const BUSY = 10_000;

export interface UntilOptions {
  /** Milliseconds. @default 40000 */
  readonly within?: number;
  /** Completes "waited 5000 ms for …". */
  readonly what: string;
}

/**
 * Waits until `condition` gives something other than false, null or undefined, and resolves with it.
 *
 * A condition that throws or rejects is asked again. What it said last is the `cause` of the failure. The time is real,
 * also under sinon's fake clock, and a condition that never answers does not outlive it.
 */
export async function until<T>(
  condition: () => T | PromiseLike<T>,
  { within = SOON, what }: UntilOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const over = new AbortController();
  let cause: unknown;

  const poll = async (): Promise<Exclude<T, false | null | undefined>> => {
    for (;;) {
      try {
        const value = await condition();
        if (value !== false && value !== null && value !== undefined) {
          return value as Exclude<T, false | null | undefined>;
        }
        cause = undefined;
      } catch (err) {
        cause = err;
      }
      await sleep(POLL_EVERY, undefined, { signal: over.signal });
    }
  };
  const giveUp = async (): Promise<never> => {
    await sleep(within, undefined, { signal: over.signal });
    const last = cause === undefined ? '' : `; at last: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new Error(`waited ${within} ms for ${what}${last}`, { cause });
  };

  const polling = poll();
  polling.catch(() => {}); // aborted below, when nobody listens any more
  try {
    return await Promise.race([polling, giveUp()]);
  } finally {
    over.abort();
  }
}

/** Waits `ms`, where the time itself is what the spec is about, such as how long something is broken. */
export async function pause(ms: number): Promise<void> {
  await sleep(ms);
}

/** Resolves when the signal has aborted, be it before this was called. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
