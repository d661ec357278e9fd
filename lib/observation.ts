import { type Candidate, toCandidate } from './candidate.js';
import type { KeyValue } from './store.js';

/** What the producer of an observation is given. */
export interface ObservationSource {
  close(): void;
}

/**
 * An async iterable of who leads: now, then every change. A slow consumer gets the latest and no backlog. Each iteration
 * opens a source of its own, and closes it however the loop ends.
 */
export async function* observation(
  open: (changed: (head: KeyValue | undefined) => void) => ObservationSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Candidate | undefined, void, undefined> {
  let latest: { readonly head: KeyValue | undefined } | undefined;
  let wake = (): void => {};
  const onAbort = (): void => wake();
  if (signal?.aborted) return;
  signal?.addEventListener('abort', onAbort, { once: true });
  const source = open((head) => {
    latest = { head };
    wake();
  });
  try {
    while (!signal?.aborted) {
      if (latest === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const { head } = latest;
      latest = undefined;
      yield head && toCandidate(head);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    source.close();
  }
}
