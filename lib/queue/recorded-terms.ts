import { hexOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';

/**
 * One term of a leader, as the leader has recorded it with the option `history`. Times are milliseconds since 1970 on
 * that leader's wall clock: for people, never to decide by. A plain object; `JSON.stringify()` writes its token as a
 * string.
 */
export interface RecordedTerm {
  readonly fencingToken: bigint;
  /** What the leader announced when it was elected; at most 200 characters of it. */
  readonly value: string;
  /** Lower-case hex. */
  readonly leaseId: string;
  readonly from: number;
  /** Undefined: the term lasts, or nobody has recorded its end. */
  readonly until: number | undefined;
  /**
   * Why the term ended: the code of the error that its leader was told. Undefined together with an `until`: the leader
   * has not told, and `until` is when the next recorded term began, so the term ended at that time or before.
   */
  readonly why: string | undefined;
}

const VERSION = 1;
/** Characters of a value that are recorded. */
const LONGEST_VALUE = 200;
/** Bytes of a history. etcd allows 1.5 MiB in a request; a thousand terms with short values fit. */
const MOST_BYTES = 200_000;
/** Milliseconds since 1970 that a `Date` can say. */
const LAST_MOMENT = 8.64e15;

/**
 * What `<election>!history` says, or a key under `<election>!history/`: oldest first. What this version does not
 * understand is left out, because anybody can write the keys.
 */
export function termsIn(value: Buffer): RecordedTerm[] {
  const said = saidIn(value);
  if (said?.['v'] !== VERSION || !Array.isArray(said['terms'])) return [];
  return byToken(said['terms'].map(termIn).filter((term) => term !== undefined));
}

/**
 * The terms that a key tells of. A token is the revision of the leader's key, so it is smaller than the revision in
 * which the term was recorded. A term with a greater token is of an epoch before: its leader recorded how the term
 * ended when etcd, emptied or restored meanwhile, answered again. Such terms are left out, because tokens have begun
 * anew.
 */
export function termsOfKey({ value, modRevision }: Pick<KeyValue, 'value' | 'modRevision'>): RecordedTerm[] {
  return termsIn(value).filter(({ fencingToken }) => fencingToken < modRevision);
}

/** Whether a later version of the library has written this. */
export function isOfLaterVersion(value: Buffer): boolean {
  const version = saidIn(value)?.['v'];
  return typeof version === 'number' && version > VERSION;
}

/** The newest of these terms, at most so many, and only as many as fit into a key. */
export function bytesOfTerms(terms: readonly RecordedTerm[], most: number): Buffer {
  const head = `{"v":${VERSION},"terms":[`;
  const texts: string[] = [];
  let bytes = head.length + 2;
  for (const term of byToken(terms).slice(-most).reverse()) {
    const text = JSON.stringify(wireOf(term));
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > MOST_BYTES) break;
    texts.push(text);
  }
  return Buffer.from(`${head}${texts.reverse().join(',')}]}`);
}

/**
 * One history from several: each term once. If two histories tell of the same term, the record counts that knows why
 * the term ended. A term whose end nobody has told ended when the next term began, or before.
 */
export function merged(...histories: ReadonlyArray<readonly RecordedTerm[]>): RecordedTerm[] {
  const newest = new Map<string, RecordedTerm>();
  for (const term of histories.flat()) {
    const id = `${term.fencingToken}.${term.leaseId}`;
    if (newest.get(id)?.why === undefined) newest.set(id, term);
  }
  const terms = byToken([...newest.values()]);
  return terms.map((term, at) => {
    const next = terms[at + 1];
    if (term.until !== undefined || next === undefined) return term;
    return { ...term, until: Math.max(term.from, next.from) }; // their clocks may differ
  });
}

/** The term, in JSON with its token as a string. Not enumerable: terms are compared and spread as plain objects. */
export function withJson(term: RecordedTerm): RecordedTerm {
  return Object.defineProperty(term, 'toJSON', { value: toJSON });
}

/** JSON knows no bigint. */
function toJSON(this: RecordedTerm): Record<string, unknown> {
  return { ...this, fencingToken: this.fencingToken.toString() };
}

function byToken(terms: readonly RecordedTerm[]): RecordedTerm[] {
  return [...terms].sort((a, b) => (a.fencingToken < b.fencingToken ? -1 : Number(a.fencingToken > b.fencingToken)));
}

function saidIn(value: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(value.toString('utf8'));
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function wireOf({ fencingToken, value, leaseId, from, until, why }: RecordedTerm): object {
  const token = fencingToken.toString();
  const end = { until: until ?? null, why: why ?? null };
  return { token, value: value.slice(0, LONGEST_VALUE), lease: leaseId, from, ...end };
}

function termIn(said: unknown): RecordedTerm | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const { token, value, lease, from, until, why } = said as Readonly<Record<string, unknown>>;
  if (typeof token !== 'string' || !/^\d{1,19}$/.test(token) || typeof value !== 'string') return undefined;
  if (typeof lease !== 'string' || !/^[0-9a-f]{1,16}$/.test(lease) || !isMoment(from)) return undefined;
  return {
    fencingToken: BigInt(token),
    value: value.slice(0, LONGEST_VALUE),
    leaseId: hexOf(BigInt(`0x${lease}`)),
    from,
    until: isMoment(until) ? until : undefined,
    why: isMoment(until) && typeof why === 'string' && /^[A-Z_]{1,40}$/.test(why) ? why : undefined,
  };
}

function isMoment(said: unknown): said is number {
  return typeof said === 'number' && said >= 0 && said <= LAST_MOMENT;
}
