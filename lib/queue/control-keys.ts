import { hexOf, keyFrom, leaseFrom } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import { rangeEndOf } from './keys.js';

/**
 * The control keys of an election. They lie beside the folder of its candidates, so no client takes one for a
 * candidate: `<election>!ask`, by which somebody asks the leader to step down; `<election>!taken`, by which the leader
 * says that it has taken an ask; `<election>!rank/<lease>`, which says the priority of the candidate on that lease; and
 * `<election>!history`, with `<election>!history/<token>.<lease>`, which say who led from when until when.
 */

/** The range of all control keys of the election. */
export function controlRangeOf(name: string): { readonly key: string; readonly end: string } {
  const prefix = keyFrom(`${name}!`);
  return { key: prefix, end: rangeEndOf(prefix) };
}

export function askKeyOf(name: string): string {
  return keyFrom(`${name}!ask`);
}

/** Says the token of a leader that has taken an ask, as an ask says it, until the lease of that ask ends. */
export function takenKeyOf(name: string): string {
  return keyFrom(`${name}!taken`);
}

export function rankPrefixOf(name: string): string {
  return keyFrom(`${name}!rank/`);
}

export function rankKeyOf(name: string, lease: bigint): string {
  return `${rankPrefixOf(name)}${hexOf(lease)}`;
}

/** The terms of the election's leaders. It has no lease, and so outlives them. */
export function historyKeyOf(name: string): string {
  return keyFrom(`${name}!history`);
}

/** What the keys begin with that say how a term has ended, until the next leader takes them into the history. */
export function endedPrefixOf(name: string): string {
  return keyFrom(`${name}!history/`);
}

/** Says how the term with this token, of the candidate on this lease, has ended. */
export function endedKeyOf(name: string, token: bigint, lease: bigint): string {
  return `${endedPrefixOf(name)}${token}.${hexOf(lease)}`;
}

/** What `<election>!ask` says. */
export interface Ask {
  /** The fencing token of the leader that is asked. */
  readonly token: bigint;
  /** The lease of the candidate that shall lead next; undefined: whoever is next. */
  readonly to?: bigint | undefined;
  /** Who asks, for people. */
  readonly by?: string | undefined;
}

const VERSION = 1;
/** Characters of `by` that are believed. */
const LONGEST_NAME = 200;

export function bytesOfAsk({ token, to, by }: Ask): Buffer {
  const ask = {
    v: VERSION,
    token: token.toString(),
    ...(to !== undefined && { to: hexOf(to) }),
    ...(by !== undefined && { by: by.slice(0, LONGEST_NAME) }),
  };
  return Buffer.from(JSON.stringify(ask));
}

/** Undefined when the key says nothing that this version understands. */
export function askIn({ value }: Pick<KeyValue, 'value'>): Ask | undefined {
  let said: unknown;
  try {
    said = JSON.parse(value.toString('utf8'));
  } catch {
    return undefined; // anybody can write the key
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { v, token, to, by } = said as Readonly<Record<string, unknown>>;
  if (v !== VERSION || typeof token !== 'string' || !/^\d{1,19}$/.test(token)) return undefined;
  if (to !== undefined && (typeof to !== 'string' || !/^[0-9a-f]{1,16}$/.test(to))) return undefined;
  return {
    token: BigInt(token),
    to: to === undefined ? undefined : leaseFrom(to),
    by: typeof by === 'string' ? by.slice(0, LONGEST_NAME) : undefined,
  };
}
