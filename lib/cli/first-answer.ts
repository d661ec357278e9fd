import { ElectionError } from '../errors.js';

/**
 * Milliseconds after the start of this process by which etcd must have answered, because a person who waits is to be
 * told within five seconds.
 */
const ANSWERS_BY = 4_200;
/** Milliseconds that etcd has in any case. */
const LEAST_PATIENCE = 3_000;
/**
 * Times that etcd has the milliseconds in which this process has started, because a machine on which programs start
 * slowly answers slowly too.
 */
const STARTS = 2;
/** Milliseconds that a slow start gives etcd at the most. */
const MOST_PATIENCE = 6_000;
/** Milliseconds that a pause of this process takes off etcd's time at the most, however long the pause is. */
const LOOK_EVERY = 100;

/**
 * Calls `fn` when etcd's time is over; the function returned cancels that. The time is that in which this process
 * hears: when the machine has let the process stand still for seconds, its timers are due before it has read what etcd
 * has answered meanwhile.
 */
export function afterPatience(fn: () => void, { unref = false } = {}): () => void {
  const startedIn = performance.now();
  let left = Math.max(LEAST_PATIENCE, ANSWERS_BY - startedIn, Math.min(STARTS * startedIn, MOST_PATIENCE));
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const ms = Math.min(LOOK_EVERY, left);
    timer = setTimeout(() => {
      left -= ms;
      if (left > 0) wait();
      else fn();
    }, ms);
    if (unref) timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}

/**
 * Resolves with etcd's first answer: give it one request, or some that are under way together. A row of requests may
 * take longer than etcd has for one. Rejects when there is none in time, although the request is still being tried.
 */
export async function firstAnswer<T>(answer: Promise<T>): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = afterPatience(() => reject(noAnswer()));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}

export function noAnswer(): ElectionError {
  return new ElectionError('UNAVAILABLE', 'no answer in time');
}
