import type { OnApplicationShutdown } from '@nestjs/common';
import type { Etcd3 } from 'etcd3';
import type { ElectionOptions } from '../campaign/options.js';
import { type ClientOptions, createClient } from '../client.js';
import { ElectionError } from '../errors.js';
import type { Session } from '../session.js';

/** An election, and where its etcd is. The other options are those of `Election`. */
export interface EtcdLeaderModuleOptions extends ElectionOptions {
  /** Name of the election: candidates of the same name are one queue. */
  readonly name: string;
  /** A client or a session of yours, which you close. Instead of `connection`. */
  readonly client?: Etcd3 | Session;
  /** What `createClient()` takes. The client is closed with the application. Instead of `client`. */
  readonly connection?: ClientOptions;
}

/** The client of an election: the user's, or one of the module's own, made when somebody needs it. */
export class ElectionClient implements OnApplicationShutdown {
  readonly #options: EtcdLeaderModuleOptions;
  #own: Etcd3 | undefined;

  constructor(options: EtcdLeaderModuleOptions) {
    this.#options = options;
  }

  /** @throws ElectionError `INVALID_OPTION` */
  get source(): Etcd3 | Session {
    const { client, connection } = this.#options;
    if ((client === undefined) === (connection === undefined)) {
      const got = client === undefined ? 'neither' : 'both';
      throw new ElectionError('INVALID_OPTION', `one of \`client\` and \`connection\` must be given; got ${got}`);
    }
    if (client !== undefined) return client;
    this.#own ??= createClient(connection as ClientOptions);
    return this.#own;
  }

  /** The work has ended: `beforeApplicationShutdown` comes first. */
  onApplicationShutdown(): void {
    this.#own?.close();
    this.#own = undefined;
  }
}
