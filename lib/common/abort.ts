import { setMaxListeners } from 'node:events';

/**
 * Calls `fn` when `signal` aborts, once; returns how to take that back. Any number may wait for one signal, such as that of a shutdown:
 * Node takes the eleventh for a leak, and would say so on the user's terminal.
 */
export function onAbort(signal: AbortSignal | undefined, fn: () => void): () => void {
  if (signal === undefined) return () => {};
  setMaxListeners(0, signal);
  signal.addEventListener('abort', fn, { once: true });
  return () => signal.removeEventListener('abort', fn);
}
