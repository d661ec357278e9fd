import type { Etcd3 } from 'etcd3';

/** What etcd3 1.1.2 keeps to itself. */
interface Pool {
  readonly hosts?: readonly { readonly closed?: boolean }[];
}

/**
 * Why no request can be sent any more: the user has closed the client. Undefined: the client is open. etcd3 tells
 * nobody that it was closed, and its streams work on as before until somebody ends them: a lease would be refreshed
 * for as long as the process lives.
 */
export function closedBy(client: Etcd3): Error | undefined {
  const { hosts = [] } = (client['pool'] ?? {}) as unknown as Pool;
  const isClosed = hosts.length > 0 && hosts.every(({ closed }) => closed === true);
  return isClosed ? new Error('the stream was ended, since the client was already closed') : undefined;
}
