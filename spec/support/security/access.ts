import { Etcd3, type IOptions, Range } from 'etcd3';
import { createClient } from '../../../lib/index.js';
import type { ClientKind } from '../candidates.js';
import { tracked } from '../track.js';

export type NameAndPassword = NonNullable<IOptions['auth']>;

const ROOT: NameAndPassword = { username: 'root', password: 'the root of all' };

/**
 * The users and roles of a cluster that asks for passwords, as an administrator sees them.
 *
 * @example
 * ```ts
 * const access = await Access.enable(cluster.hosts);
 * const worker = await access.user('worker', 'electors');
 * await access.allow('electors', 'jobs/mail');
 * const client = clientOf('createClient', { hosts: [...cluster.hosts], auth: worker });
 * ```
 */
export class Access {
  /** May do everything. */
  readonly root: Etcd3;

  readonly #options: IOptions;

  private constructor(options: IOptions) {
    this.#options = options;
    this.root = createClient(options);
  }

  /** Switches authentication on. From now on nobody reads or writes without a user. */
  static async enable(hosts: readonly string[], credentials?: IOptions['credentials']): Promise<Access> {
    const options: IOptions = { hosts: [...hosts], ...(credentials && { credentials }) };
    const nobody = createClient(options);
    await nobody.role('root').create();
    await (await nobody.user(ROOT.username).create(ROOT.password)).addRole('root');
    await nobody.auth.authEnable();
    nobody.close();
    return new Access({ ...options, auth: ROOT });
  }

  async disable(): Promise<void> {
    await this.root.auth.authDisable();
  }

  /** Creates a user with a role of its own, which allows nothing yet. */
  async user(username: string, role: string): Promise<NameAndPassword> {
    const password = `${username}'s password`;
    await this.root.role(role).create();
    await (await this.root.user(username).create(password)).addRole(role);
    return { username, password };
  }

  /** Allows a role to take part in an election. The default is the least that an election needs. */
  async allow(role: string, election: string, permission: 'Read' | 'Readwrite' = 'Readwrite'): Promise<void> {
    await this.root.role(role).grant({ permission, range: keysOf(election) });
  }

  async forbid(role: string, election: string): Promise<void> {
    await this.root.role(role).revoke({ permission: 'Readwrite', range: keysOf(election) });
  }

  /**
   * Resolves when no member takes a token of before. A member forgets the tokens a moment after it has the new
   * password: whoever comes in between is let in (`UserChangePassword` in auth/store.go, etcd 3.5.35, 3.6.16 and
   * 3.7.3), and other members may be later than the one that has answered. A read by root waits for all that.
   */
  async setPassword(username: string, password: string): Promise<void> {
    await this.root.user(username).setPassword(password);
    const clients = [this.#options.hosts].flat().map((hosts) => createClient({ ...this.#options, hosts }));
    await Promise.all(clients.map((client) => client.get('any').string()));
    for (const client of clients) client.close();
  }

  /** Allows a role what an election needs besides to be asked, to have a priority and to record its history. */
  async allowControl(role: string, election: string): Promise<void> {
    await this.root.role(role).grant({ permission: 'Readwrite', range: new Range(`${election}!`, `${election}"`) });
  }

  close(): void {
    this.root.close();
  }
}

/** The keys from `<name>/` up to `<name>0`, which is the first key after all that begin with `<name>/`. */
function keysOf(election: string): Range {
  return new Range(`${election}/`, `${election}0`);
}

/** Closed at the end of the spec. */
export function trackedClient(kind: ClientKind, options: IOptions): Etcd3 {
  return tracked(kind === 'createClient' ? createClient(options) : new Etcd3(options));
}
