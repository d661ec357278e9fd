import type { ClientOptions } from '../../client.js';
import { areEqual, type Credentials, readCertificatesNow } from '../../etcd/certificate-files.js';
import type { CommandContext } from '../command-context.js';
import type { Means } from './watchdog.js';

/**
 * How the helper process reaches etcd: with what is in the files of certificates, since the files may be gone when it
 * needs them. They are read again from time to time, because certificates are renewed.
 */
export class Reach {
  readonly #context: Pick<CommandContext, 'options' | 'endpoints' | 'out'>;
  #credentials: Credentials | undefined;

  constructor(context: Pick<CommandContext, 'options' | 'endpoints' | 'out'>) {
    this.#context = context;
  }

  get means(): Means {
    const { options, endpoints, out } = this.#context;
    const { tls, ...rest } = options;
    this.#credentials ??= tls && this.#read(tls);
    const etcd = this.#credentials === undefined ? options : { ...rest, credentials: this.#credentials };
    return { etcd, endpoints, output: out.options };
  }

  /** The means, if the certificates are other ones than before; undefined: there is nothing new. */
  get news(): Means | undefined {
    const { tls } = this.#context.options;
    const found = tls && this.#read(tls);
    if (found === undefined || (this.#credentials !== undefined && areEqual(found, this.#credentials)))
      return undefined;
    this.#credentials = found;
    return this.means;
  }

  /** Files that cannot be used now: what was read before stays in use. The client of this process says so. */
  #read(tls: NonNullable<ClientOptions['tls']>): Credentials | undefined {
    try {
      return readCertificatesNow(tls);
    } catch {
      return undefined;
    }
  }
}
