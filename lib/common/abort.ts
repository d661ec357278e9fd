import { setMaxListeners } from 'node:events';

/**
 * Calls `fn` once when `signal` aborts; the function returned cancels that. Any number of listeners may wait for one
 * signal, such as that of a shutdown: Node would take the eleventh for a leak and say so on the user's terminal.
 */
export function onAbort(signal: AbortSignal | undefined, fn: () => void): () => void {
  if (signal === undefined) return () => {};
  setMaxListeners(0, signal);
  signal.addEventListener('abort', fn, { once: true });
  return () => signal.removeEventListener('abort', fn);
}
