import { ElectionError } from '../errors.js';
import { ClientClosed, RequestRefused, RevisionGone } from '../store/store.js';

/** gRPC status codes that we set or read: https://grpc.io/docs/guides/status-codes/ */
export const STATUS = {
  OK: 0,
  DEADLINE_EXCEEDED: 4,
  FAILED_PRECONDITION: 9,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** etcd's texts: https://github.com/etcd-io/etcd/blob/v3.4.23/etcdserver/api/v3rpc/rpctypes/error.go */
const DENIED = new RegExp(
  [
    'permission denied',
    'invalid auth token',
    'revision of auth store is old',
    'authentication failed',
    'authentication is not enabled',
    'user name is empty',
    'UNAUTHENTICATED',
  ].join('|'),
  'i',
);
const LEASE_GONE = /requested lease not found|is expired or revoked/i;
const LEASE_EXISTS = /lease already exists/i;

/** A future revision is one of a history that has begun anew since. */
const REVISION_GONE = /required revision (has been compacted|is a future revision)/i;

/** etcd3's text for a call on a client that was closed, and ours for its streams. */
const CLOSED = /the client was already closed/;

/** gRPC codes, as etcd3 prints them, with which a server says that it would refuse the same request again. */
const REFUSED = /^(3|8|11|12) |INVALID_ARGUMENT|RESOURCE_EXHAUSTED|OUT_OF_RANGE|UNIMPLEMENTED/;

/**
 * The reason alone, without what gRPC and etcd3 wrap around it: `14 UNAVAILABLE: No connection established. Last error:
 * connect ECONNREFUSED 127.0.0.1:2379 (2026-07-01T12:00:00.000Z). Resolution note: ` has one fact in it.
 */
export function reasonIn(text: string): string {
  const reason = text
    .replace(/\s+/g, ' ') // OpenSSL gives two lines
    .replace(/\.? *Resolution note:.*$/, '')
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^([a-z_]+: )?No connection established\. Last error: (Error: )?/, '')
    .replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, '')
    .trim();
  return /^(undefined|null|)$/.test(reason) ? 'no connection, and no reason given' : reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.constructor.name} ${error.message}` : String(error);
}

/** Any change of any user or role makes a JSON web token useless. */
const TOKEN_OUTDATED = /revision of auth store is old/i;
const TOKEN_USELESS = /invalid auth token|revision of auth store is old/i;

/** etcd3 fetches another token only when it reads this text. */
const TOKEN_INVALID = { code: STATUS.UNAUTHENTICATED, details: 'etcdserver: invalid auth token' } as const;

/** Replaces the status of an outdated token by the status at which etcd3 fetches another token. */
export function withTokenInMind<S extends { readonly code: number; readonly details: string }>(status: S): S {
  return TOKEN_OUTDATED.test(status.details) ? { ...status, ...TOKEN_INVALID } : status;
}

export function isLeaseExists(error: unknown): boolean {
  return LEASE_EXISTS.test(messageOf(error));
}

/** Whether a plain Etcd3 refused to send: after three failures it sends nothing to a host for some seconds. */
export function isGivenUp(error: unknown): boolean {
  return /circuit breaker is open/i.test(messageOf(error));
}

export function isDenied(error: unknown): boolean {
  return DENIED.test(messageOf(error));
}

/** What a candidate's user needs in etcd, with the least role of docs/operations.md. */
export const ROLE =
  "a role with `readwrite` on the election's keys, from `<name>/` to `<name>0`, and for asks, a priority and the " +
  'history on its control keys, from `<name>!` to `<name>"`';

/** Whether etcd refused the token, and may accept another. */
export function isTokenUseless(text: string): boolean {
  return TOKEN_USELESS.test(text);
}

/** Tells the operator what etcd does not accept. */
function remedy(text: string): string {
  if (/authentication failed/i.test(text)) return 'the user or the password is wrong';
  if (/user name is empty/i.test(text)) return 'etcd asks for a user: give the client `auth`';
  if (/is not enabled/i.test(text)) return 'etcd knows no users: leave `auth` out, or enable it there';
  if (isTokenUseless(text)) return 'etcd does not accept its own token: do its members agree on time and keys?';
  return `this user needs ${ROLE}`;
}

/** What etcd, etcd3 or the network said, as one of our codes. `what` names the request, for the operator. */
export function translate(error: unknown, what: string): ElectionError {
  if (error instanceof ElectionError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const reason = reasonIn(text);
  if (CLOSED.test(text)) {
    return new ClientClosed('UNAVAILABLE', `etcd was not asked to ${what}: the client is closed`, { cause: error });
  }
  if (LEASE_GONE.test(text)) {
    return new ElectionError('LEASE_LOST', `etcd does not know the lease (${what}): starting again with a new one`, {
      cause: error,
    });
  }
  if (isDenied(error)) {
    return new ElectionError(
      'PERMISSION_DENIED',
      `etcd refuses to ${what} (${reason}): trying again, but ${remedy(text)}`,
      { cause: error },
    );
  }
  return new (classOf(text))('UNAVAILABLE', `etcd did not ${what} (${reason}): trying again`, { cause: error });
}

function classOf(text: string): typeof ElectionError {
  if (REVISION_GONE.test(text)) return RevisionGone;
  return REFUSED.test(text) || LEASE_EXISTS.test(text) ? RequestRefused : ElectionError;
}
