import { isatty } from 'node:tty';
import type { Etcd3 } from 'etcd3';
import { type ClientOptions, createClient } from '../client.js';
import type { Logger } from '../log.js';
import { checkCertificates } from './certificates.js';
import { DEFAULT_ENDPOINT, parseEndpoints } from './endpoints.js';
import { CliError, EXIT } from './exit.js';
import { askHidden } from './prompt.js';

/** How to reach etcd: etcdctl's flags. Commander has filled in missing flags from the environment. */
export interface ConnectionFlags {
  readonly endpoints?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  /** `name`, or `name:password` */
  readonly user?: string;
  readonly password?: string;
}

export interface EtcdConnection {
  readonly etcd: Etcd3;
  /** What `etcd` was made of. */
  readonly options: ClientOptions;
  /** As the user wrote them, for messages. */
  readonly endpoints: string;
}

/** Sends nothing to etcd yet. Asks on the terminal for a password that is missing. @throws CliError */
export async function connect(flags: ConnectionFlags, logger: Logger): Promise<EtcdConnection> {
  const endpoints = flags.endpoints ?? DEFAULT_ENDPOINT;
  const options = await clientOptions({ ...flags, endpoints });
  return { etcd: createClient({ ...options, logger }), options, endpoints };
}

/** @throws CliError */
export async function clientOptions(flags: ConnectionFlags & { readonly endpoints: string }): Promise<ClientOptions> {
  const { cacert, cert, key } = flags;
  if ((cert === undefined) !== (key === undefined)) {
    throw new CliError(EXIT.usage, '--cert and --key belong together: one of them is missing');
  }
  const hasCertificates = cacert !== undefined || cert !== undefined;
  const hosts = parseEndpoints(flags.endpoints, hasCertificates);
  const auth = await credentials(flags);
  const isSecure = hosts.every((host) => host.startsWith('https:'));
  const tls = { ca: cacert, cert, key };
  if (isSecure && hasCertificates) checkCertificates(tls);
  return {
    hosts,
    // Somebody who writes http:// does not mean certificates from the environment; etcdctl ignores them too.
    ...(isSecure && hasCertificates && { tls }),
    ...(auth && { auth }),
  };
}

async function credentials({ user, password }: ConnectionFlags): Promise<ClientOptions['auth']> {
  if (user === undefined || user === '') return undefined;
  if (password !== undefined) return { username: user, password };
  const colon = user.indexOf(':');
  if (colon >= 0) return { username: user.slice(0, colon), password: user.slice(colon + 1) };
  if (!isatty(0)) {
    throw new CliError(
      EXIT.usage,
      `--user ${user} has no password: give name:password, --password or ETCDCTL_PASSWORD`,
    );
  }
  return { username: user, password: await askHidden('Password: ') };
}
