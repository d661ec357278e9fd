import { onAbort } from '../common/abort.js';
import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';

interface Waiter {
  settle(): void;
  resolve(leadership: Leadership): void;
  reject(reason: ElectionError): void;
}

/** The calls of `elected()` that wait. Each of them is settled: elected, stopped or aborted. */
export class ElectedWaiters {
  readonly #waiters = new Set<Waiter>();

  wait(signal: AbortSignal | undefined): Promise<Leadership> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortedBy(signal));
      const settle = (): void => {
        this.#waiters.delete(waiter);
        stopListening();
      };
      const waiter: Waiter = { settle, resolve, reject };
      this.#waiters.add(waiter);
      const stopListening = onAbort(signal, () => {
        settle();
        reject(abortedBy(signal));
      });
    });
  }

  elected(leadership: Leadership): void {
    for (const waiter of [...this.#waiters]) {
      waiter.settle();
      waiter.resolve(leadership);
    }
  }

  stopped(reason: ElectionError): void {
    for (const waiter of [...this.#waiters]) {
      waiter.settle();
      waiter.reject(reason);
    }
  }
}

export function abortedBy(signal: AbortSignal | undefined): ElectionError {
  return new ElectionError('ABORTED', 'the caller has aborted the wait', { cause: signal?.reason });
}
