import { Etcd3, type IOptions } from 'etcd3';
import { show } from './checks.js';
import { SystemClock } from './common/time.js';
import { ElectionError } from './errors.js';
import type { CertificateFiles } from './etcd/certificate-files.js';
import { type PasswordAuth, withPassword } from './etcd/password.js';
import { RenewingClient } from './etcd/renewing-client.js';
import { nameNoAddresses } from './etcd/server-name.js';
import type { Logger } from './log.js';
import { resolveLogger } from './options.js';

/** What etcd3 takes, with certificates and passwords that may change while the client is used. */
export interface ClientOptions extends Omit<IOptions, 'auth'> {
  /**
   * Names of files that hold PEM, instead of `credentials`. The files are read again every second. When one has
   * changed, each member is reached with the new certificates as soon as it accepts them, and open streams are opened
   * anew one by one: no leadership is lost. Until then, and while the files cannot be used, the old ones stay in use.
   */
  readonly tls?: CertificateFiles;
  /** A user of etcd; the password may be a function that gives it. */
  readonly auth?: PasswordAuth;
  /**
   * Is told when certificates were renewed, and when new ones cannot be used: anything shaped like pino.
   *
   * @default warnings and errors are warnings of the process
   */
  readonly logger?: Logger;
}

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** A policy that lets everything pass. etcd3 uses one method of cockatiel's interface; nobody listens to the events. */
function pass(): Policy {
  const signal = new AbortController().signal;
  const never = (): { dispose(): void } => ({ dispose() {} });
  const policy = {
    onSuccess: never,
    onFailure: never,
    execute: async <T>(fn: (context: { signal: AbortSignal }) => PromiseLike<T> | T): Promise<T> => fn({ signal }),
  };
  return policy as unknown as Policy;
}

/**
 * HTTP/2 keepalive finds half-open connections. etcd closes connections that ask more often than every 5 s
 * (`--grpc-keepalive-min-time`) or while there is no call.
 */
const GRPC_OPTIONS = {
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // grpc-js's limit is 4 MiB. Five candidates may announce more, and etcd sends all that a watch missed in one message.
  'grpc.max_receive_message_length': -1,
} as const;

/** Milliseconds to fetch a token, because without a limit a call that waits for a token waits for ever. */
const AUTH_PATIENCE = 2_000;

/**
 * An etcd3 client with the settings that elections need: no breaker that closes a host for longer than a short lease
 * lives, no retries beneath ours, half-open connections found, quick reconnection. What `options` say goes first. It
 * works as any other etcd3 client; close it yourself, after `stop()`.
 *
 * It does not retry your own calls: a `client.get()` fails when the member it went to fails.
 *
 * @throws ElectionError `INVALID_OPTION` when `hosts` are missing or malformed, or when `credentials` or a file of
 * `tls` cannot be used
 * @example
 * ```ts
 * const client = createClient({ hosts: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379', 'http://10.0.0.3:2379'] });
 * ```
 */
export function createClient(options: ClientOptions): Etcd3 {
  const hosts = checkedHosts(options?.hosts);
  const { tls, auth, logger, ...rest } = options;
  const { faultHandling, grpcOptions } = rest;
  // As in Go, whatever `http_proxy` says, no proxy stands between a program and its own host.
  const direct = hosts.every(isLoopback) && { 'grpc.enable_http_proxy': 0 };
  const resolved: IOptions = {
    ...rest,
    hosts,
    grpcOptions: { ...GRPC_OPTIONS, ...direct, ...grpcOptions },
    faultHandling: { host: pass, global: pass(), ...faultHandling },
    ...(auth && { auth: withPassword({ callOptions: () => ({ deadline: Date.now() + AUTH_PATIENCE }), ...auth }) }),
  };
  const guarded = resolveLogger(logger);
  if (tls !== undefined) {
    checkTls(tls, options);
    return new RenewingClient(resolved, tls, { clock: new SystemClock(), logger: guarded });
  }
  try {
    const client = new Etcd3(resolved);
    nameNoAddresses(client);
    return client;
  } catch (err) {
    if (options.credentials === undefined) throw err;
    // OpenSSL does not say which option it speaks of.
    const message = `\`credentials\` cannot be used: ${err instanceof Error ? err.message : String(err)}`;
    throw new ElectionError('INVALID_OPTION', message, { cause: err });
  }
}

const FILES = ['ca', 'cert', 'key'] as const;

function checkTls(tls: CertificateFiles, { credentials, hosts }: ClientOptions): void {
  const given = typeof tls === 'object' && tls !== null ? FILES.filter((kind) => tls[kind] !== undefined) : [];
  if (given.length === 0) throw wrong(`\`tls\` must name the file \`ca\`, or \`cert\` and \`key\`; got ${show(tls)}`);
  for (const kind of given) {
    const file: unknown = tls[kind];
    const isName = typeof file === 'string' && file !== '';
    if (!isName) throw wrong(`\`tls.${kind}\` must be the name of a file; got ${show(file)}`);
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? 'cert' : 'key';
    throw wrong(`\`tls.cert\` and \`tls.key\` belong together; \`tls.${missing}\` is missing`);
  }
  if (credentials !== undefined) throw wrong('`tls` names the files of what `credentials` holds: give one of them');
  const [plain] = [hosts].flat().filter((host) => host.startsWith('http:'));
  if (plain !== undefined) throw wrong(`\`tls\` needs \`hosts\` with https; got ${show(plain)}`);
}

function wrong(message: string): ElectionError {
  return new ElectionError('INVALID_OPTION', message);
}

/** With http or https and no path, or without a scheme; or a name as only gRPC knows it. */
const ADDRESS = /^(https?:\/\/[^\s,;/]+|(dns|unix|unix-abstract|ipv4|ipv6|xds):\S+|[^\s,;/]+)$/;

function checkedHosts(hosts: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(hosts) ? hosts : [hosts];
  const checked = all.map((host) => (typeof host === 'string' ? host.replace(/\/+$/, '') : ''));
  const bad = checked.findIndex((host) => !ADDRESS.test(host));
  if (bad >= 0 || all.length === 0) {
    const got = show(all.length === 0 ? hosts : all[bad]);
    const message = `\`hosts\` must be an address such as "http://127.0.0.1:2379", or a list of them; got ${got}`;
    throw new ElectionError('INVALID_OPTION', message);
  }
  if (new Set(checked.map((host) => host.startsWith('https:'))).size > 1) {
    throw new ElectionError('INVALID_OPTION', '`hosts` must be all https or all http; got a mix of them');
  }
  return checked;
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^https?:\/\//, '');
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(name);
}
