import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NameAndPassword } from './access.js';

/** Seconds that a token lives in most specs: so short that a token is expired whenever a candidate does something. */
export const TOKEN_TTL = 1;
/** Seconds: etcd's own default. */
export const LONG_TOKEN_TTL = 300;

/**
 * Resolves when every token that was fetched before the call has expired, if it is not used meanwhile. Asking etcd
 * would be a use, which prolongs the life of a simple token. So there is no condition to wait for but time. etcd looks
 * every second.
 */
export async function tokensExpire(): Promise<void> {
  await sleep((TOKEN_TTL + 1.5) * 1000);
}

/** Credentials that count how often a client has fetched a token. */
export function counted(auth: NameAndPassword): { readonly auth: NameAndPassword; fetched(): number } {
  let fetched = 0;
  const callOptions = (): { deadline: number } => {
    fetched++;
    return { deadline: Date.now() + 2_000 };
  };
  return { auth: { ...auth, callOptions }, fetched: () => fetched };
}

/** The two kinds of token that etcd has, as flags. */
export interface TokenKind {
  readonly flags: readonly string[];
  /** Signs of life, and the refreshes of recent releases of etcd, are uses that may keep a token alive. */
  readonly arePreserved: boolean;
  remove(): void;
}

/** etcd remembers simple tokens, and each use prolongs their life. */
export function simpleTokens(ttl = TOKEN_TTL): TokenKind {
  return { flags: [`--auth-token-ttl=${ttl}`], arePreserved: true, remove: () => {} };
}

/**
 * JSON web tokens are signed by etcd, which remembers nothing. Their end and the state of users and roles are written
 * in them. The end is cut to whole seconds (`auth/jwt.go`), so a second more is asked for: a token of `ttl=1s` lives
 * anything from none at all to one second, and one of `ttl=2s` from one second to two.
 */
export function jsonWebTokens(ttl = TOKEN_TTL): TokenKind {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-jwt-'));
  const [pub, priv] = [join(folder, 'pub.pem'), join(folder, 'priv.pem')];
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  writeFileSync(pub, publicKey);
  writeFileSync(priv, privateKey, { mode: 0o600 });
  return {
    flags: [`--auth-token=jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=${ttl + 1}s`],
    arePreserved: false,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
