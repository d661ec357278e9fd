import type { IncomingMessage } from 'node:http';
import type { AccessToken } from './access-token.js';

/** Why a request is not answered, for the client. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Nothing is ever changed by a request. */
export const METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Bytes of a request's target. Names of elections may be long, and each byte of theirs may take three. */
const LONGEST_TARGET = 4_096;

export interface AccessCheckOptions {
  readonly token: AccessToken | undefined;
  /** The address that listens, as the user wrote it. */
  readonly address: string;
  /** Names under which browsers may ask, beside the address that listens and `localhost`; in lower case. */
  readonly hosts: readonly string[];
}

/** Who may ask: looks at a request before anything else does. */
export class AccessCheck {
  readonly #options: AccessCheckOptions;

  constructor(options: AccessCheckOptions) {
    this.#options = options;
  }

  /** Undefined: the request may be answered. */
  refusalOf(request: IncomingMessage, isOpen: boolean): Refusal | undefined {
    const { method = '', url = '', headers } = request;
    if (!METHODS.includes(method)) {
      return { status: 405, error: 'this server is read-only', headers: { allow: METHODS.join(', ') } };
    }
    if (url.length > LONGEST_TARGET) return { status: 414, error: `more than ${LONGEST_TARGET} bytes of address` };
    // A page of somebody else's domain whose name leads here by DNS would read everything (DNS rebinding).
    const host = headers.host;
    if (host !== undefined && !this.#isOurs(host, request)) {
      return { status: 403, error: 'this name is not served here: see etcd-leader serve --host' };
    }
    if (!this.#isOwnPage(request)) return { status: 403, error: 'pages of other servers may not ask' };
    if (isOpen || this.#options.token === undefined) return undefined;
    if (this.#options.token.isShownBy(headers.authorization)) return undefined;
    const challenge = { 'www-authenticate': 'Bearer realm="etcd-leader"' };
    return { status: 401, error: 'this needs `Authorization: Bearer <token>`', headers: challenge };
  }

  /**
   * Whether `host` names this server: the address to which the client has connected, `localhost`, or a name of
   * `--host`. HTTP/1.0 may leave the header out, and no browser does.
   */
  #isOurs(host: string, { socket }: IncomingMessage): boolean {
    const name = hostNameIn(host);
    if (name === undefined) return false;
    const { localAddress = '' } = socket;
    const addresses = ['localhost', this.#options.address.toLowerCase(), localAddress.replace(/^::ffff:/, '')];
    return addresses.includes(name) || this.#options.hosts.includes(name);
  }

  /** Browsers say which page asks. */
  #isOwnPage({ headers }: IncomingMessage): boolean {
    const { origin, host = '' } = headers;
    const from = headers['sec-fetch-site'];
    // Somebody may follow a link to the page from anywhere.
    const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
    if ((from === 'cross-site' || from === 'same-site') && !isNavigation) return false;
    if (origin === undefined) return true;
    const [, authority = ''] = /^https?:\/\/(.+)$/i.exec(origin) ?? [];
    // A proxy that ends TLS may name itself in `Host`, and the browser names the proxy's outer name.
    return authority.toLowerCase() === host.toLowerCase() || this.#options.hosts.includes(hostNameIn(authority) ?? '');
  }
}

/** The name of `<name>[:<port>]` in lower case, without brackets; undefined when it is none. */
export function hostNameIn(authority: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(authority) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}
