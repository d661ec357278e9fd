import { Etcd3, type IOptions } from 'etcd3';
import type { Clock } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import { type CertificateFiles, readCertificatesNow } from './certificate-files.js';
import { Renewal } from './renewal.js';
import { nameNoAddresses } from './server-name.js';

/** gRPC's credentials of a channel: made by etcd3, passed on by us. */
type ChannelCredentials = object;

/** One member inside etcd3 1.1.2. It makes a channel when it is asked for one and has none. */
interface Host {
  readonly host: string;
  channelCredentials: ChannelCredentials;
  /** The next request gets another channel; the streams of the old one go on. */
  resetAllServices(): void;
}

type FetchToken = (
  address: string,
  name: string,
  password: string,
  options: unknown,
  credentials: ChannelCredentials | undefined,
) => Promise<string>;

/** What etcd3 1.1.2 keeps to itself: it builds all its connections from the credentials that it began with. */
interface ConnectionPool {
  readonly hosts: readonly Host[];
  readonly authenticator: { getCredentialsFromHost: FetchToken };
}

/** Milliseconds within which a member answers with the new credentials, or counts as refusing them. */
const PATIENCE = 2_000;

/** gRPC codes that come without a word of the member: cancelled, deadline exceeded, unavailable. */
const NO_ANSWER = /^(1|4|14) [A-Z_]+:/;

/**
 * An etcd3 client whose certificates come from files and are renewed while it is used: new connections use the new
 * ones, as soon as the member has accepted them. Streams that are open are not touched here: those who hold them are
 * told, and open them anew.
 */
export class RenewingClient extends Etcd3 {
  readonly #renewal: Renewal;
  readonly #listeners = new Set<(target: string) => void>();

  /** @throws ElectionError `INVALID_OPTION` when a file cannot be used */
  constructor(options: IOptions, files: CertificateFiles, { clock, logger }: { clock: Clock; logger: Logger }) {
    const first = readCertificatesNow(files);
    super({ ...options, credentials: first });
    nameNoAddresses(this);
    const { hosts, authenticator } = connectionPoolOf(this);
    const fetch = authenticator.getCredentialsFromHost.bind(authenticator);
    authenticator.getCredentialsFromHost = (address, name, password, callOptions) =>
      fetch(address, name, password, callOptions, hosts.find(({ host }) => host === address)?.channelCredentials);
    this.#renewal = new Renewal({
      files,
      first,
      members: [...new Set(hosts.map(({ host }) => host))],
      introduce: async (member, credentials) => {
        const accepted = await introduced({ ...options, hosts: [member], credentials });
        return () => this.#adopt(member, accepted);
      },
      clock,
      logger,
    });
  }

  /** Calls back when a member is reached with new credentials from now on, with gRPC's name of the member. */
  onRenewed(listener: (target: string) => void): void {
    this.#listeners.add(listener);
  }

  override close(): void {
    this.#renewal.close();
    this.#listeners.clear();
    super.close();
  }

  #adopt(member: string, credentials: ChannelCredentials): void {
    for (const host of connectionPoolOf(this).hosts) {
      if (host.host !== member) continue;
      host.channelCredentials = credentials;
      host.resetAllServices();
    }
    for (const listener of this.#listeners) listener(member);
  }
}

function connectionPoolOf(client: Etcd3): ConnectionPool {
  const pool = client['pool'] as unknown as Partial<ConnectionPool>;
  if (Array.isArray(pool.hosts) && typeof pool.authenticator?.getCredentialsFromHost === 'function') {
    return pool as ConnectionPool;
  }
  throw new ElectionError('INVALID_OPTION', '`tls` needs etcd3 1.1.2: this version of etcd3 is another one inside');
}

/** gRPC's credentials, accepted by the one member of `options`. Rejects when the member does not answer with them. */
async function introduced({ auth: _, ...options }: IOptions): Promise<ChannelCredentials> {
  const trial = new Etcd3(options);
  nameNoAddresses(trial);
  try {
    // The status needs no user. A server that refuses the request itself has accepted the connection.
    await trial.maintenance.status({ deadline: Date.now() + PATIENCE }).catch((err: Error) => {
      if (NO_ANSWER.test(err.message)) throw err;
    });
    const [host] = connectionPoolOf(trial).hosts;
    if (host === undefined) throw new Error('no host'); // there is one: `options` name it
    return host.channelCredentials;
  } finally {
    trial.close();
  }
}
