import type { Etcd3 } from 'etcd3';

/**
 * Why no request can be sent any more: the user has closed the client. Undefined: the client is open. etcd3 tells
 * nobody that it was closed, and its streams work on as before until somebody ends them: a lease would be refreshed
 * for as long as the process lives.
 */
export function closedBy(client: Etcd3): Error | undefined {
  // What etcd3 1.1.2 keeps to itself. Another version may not have it: then nothing is known.
  const { hosts = [] } = (client['pool'] ?? {}) as unknown as { hosts?: readonly { closed?: boolean }[] };
  const isClosed = hosts.length > 0 && hosts.every(({ closed }) => closed === true);
  return isClosed ? new Error('the stream was ended, since the client was already closed') : undefined;
}
