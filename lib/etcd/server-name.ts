import { isIP } from 'node:net';
import type { Etcd3 } from 'etcd3';

/** gRPC's credentials of a channel, as grpc-js 1.14 has them inside. */
interface ChannelCredentials {
  _createSecureConnector?(...args: readonly unknown[]): { readonly connectionOptions?: { servername?: string } };
}

const seen = new WeakSet<ChannelCredentials>();

/**
 * Lets a client reach members by their addresses over TLS. A connection names the server that it wants, and RFC 6066
 * (section 3) allows no address as that name. grpc-js 1.14.7 takes the address all the same, and from 26 on Node.js
 * refuses that: no connection comes about. So no name is sent to an address. Node.js checks the certificate against the
 * address then, as before.
 */
export function nameNoAddresses(client: Etcd3): void {
  const { hosts } = client['pool'] as unknown as {
    readonly hosts?: readonly { channelCredentials?: ChannelCredentials }[];
  };
  for (const { channelCredentials } of hosts ?? []) if (channelCredentials !== undefined) nameNone(channelCredentials);
}

function nameNone(credentials: ChannelCredentials): void {
  const create = credentials._createSecureConnector;
  if (create === undefined || seen.has(credentials)) return;
  seen.add(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create.apply(credentials, args as unknown[]);
    const { connectionOptions } = connector;
    if (connectionOptions?.servername !== undefined && isIP(connectionOptions.servername) !== 0) {
      connectionOptions.servername = '';
    }
    return connector;
  };
}
