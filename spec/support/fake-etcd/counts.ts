import type { Request } from './faults.js';

/**
 * Requests that clients sent. `keepAlive` counts refreshes, and `watch` counts created watches. Streams count when they
 * open.
 */
export interface RequestCounts {
  grant: number;
  revoke: number;
  txn: number;
  keepAlive: number;
  keepAliveStream: number;
  watch: number;
  watchCancel: number;
  watchStream: number;
  ping: number;
}

export function noRequests(): RequestCounts {
  return {
    grant: 0,
    revoke: 0,
    txn: 0,
    keepAlive: 0,
    keepAliveStream: 0,
    watch: 0,
    watchCancel: 0,
    watchStream: 0,
    ping: 0,
  };
}

/** What a message on a stream of watches counts as; undefined when it is no request. */
export function countedAs(request: Request): 'watch' | 'watchCancel' | 'ping' | undefined {
  if (request.kind !== 'watch') return undefined;
  if (request.what === 'create') return 'watch';
  if (request.what === 'cancel') return 'watchCancel';
  return request.what === 'ping' ? 'ping' : undefined;
}
