import { Etcd3, type IOptions } from 'etcd3';
import { ElectionError } from './errors.js';
import { show } from './options.js';

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
 * @throws ElectionError `INVALID_OPTION` when `hosts` are missing
 * @example
 * ```ts
 * const client = createClient({ hosts: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379', 'http://10.0.0.3:2379'] });
 * ```
 */
export function createClient(options: IOptions): Etcd3 {
  const hosts: unknown = options?.hosts;
  const all: readonly unknown[] = Array.isArray(hosts) ? hosts : [hosts];
  const isGood = (host: unknown): boolean => typeof host === 'string' && host !== '';
  if (all.length === 0 || !all.every(isGood)) {
    const got = show(all.find((host) => !isGood(host)) ?? hosts);
    const message = `\`hosts\` must be an address such as "http://127.0.0.1:2379", or a list of them; got ${got}`;
    throw new ElectionError('INVALID_OPTION', message);
  }
  const { auth, faultHandling, grpcOptions } = options;
  return new Etcd3({
    ...options,
    grpcOptions: { ...GRPC_OPTIONS, ...grpcOptions },
    faultHandling: { host: pass, global: pass(), ...faultHandling },
    ...(auth && { auth: { callOptions: () => ({ deadline: Date.now() + AUTH_PATIENCE }), ...auth } }),
  });
}
