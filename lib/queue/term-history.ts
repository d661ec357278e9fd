import { type KeyValue, type Op, readOf, type Store } from '../store/store.js';
import { endedKeyOf, endedPrefixOf, historyKeyOf } from './control-keys.js';
import { rangeEndOf } from './keys.js';
import type { OwnKey } from './place.js';
import { bytesOfTerms, isOfLaterVersion, merged, type RecordedTerm, termsOfKey, withJson } from './recorded-terms.js';

/** Ends of terms that a leader takes into the history at once: etcd allows 128 operations (`--max-txn-ops`). */
const MOST_ENDS = 100;

/** What the requests of this file need. */
export interface TermHistoryParts {
  readonly store: Store;
  /** The election's name. */
  readonly name: string;
}

/** What is recorded of an election, by one linearizable read. */
interface Recorded {
  readonly history: KeyValue | undefined;
  /** The keys under `<election>!history/`. */
  readonly ends: readonly KeyValue[];
}

/** How an attempt to append a term has ended; `gone`: our key is gone, so others may lead. */
export type Appended = 'written' | 'gone' | 'later version';

/**
 * The terms that leaders of an election have recorded, oldest first.
 *
 * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
 */
export async function readTerms(parts: TermHistoryParts): Promise<RecordedTerm[]> {
  return termsOf(await read(parts)).map(withJson);
}

/**
 * Appends the term of the leader with this key to the history, which keeps the newest `most` terms. With it go the ends
 * of earlier terms, which have keys of their own until then.
 *
 * The write is fenced by our key, and only a leader appends: what we have read stays as it is until our key is gone.
 * etcd may carry a write out late. So a repeated attempt deletes no ends: if an earlier attempt comes after it, the
 * ends that are missing there are still in their keys. `isFirst`: no attempt was made before.
 */
export async function appendTerm(
  parts: TermHistoryParts,
  own: OwnKey,
  term: RecordedTerm,
  { most, isFirst }: { readonly most: number; readonly isFirst: boolean },
): Promise<Appended> {
  const recorded = await read(parts);
  const { history, ends } = recorded;
  if (history !== undefined && isOfLaterVersion(history.value)) return 'later version';
  // We lead, so nobody has led with a token as great as ours. Ours may be there, by an attempt whose answer was lost.
  const before = termsOf(recorded).filter(({ fencingToken }) => fencingToken < term.fencingToken);
  const value = bytesOfTerms(merged(before, [term]), most);
  const ours = endedKeyOf(parts.name, own.createRevision, own.lease); // our term may just have ended
  const taken = isFirst ? ends.filter(({ key }) => key !== ours) : [];
  const { succeeded } = await parts.store.txn({
    compare: [{ key: own.key, createRevision: own.createRevision }],
    success: [{ type: 'put', key: historyKeyOf(parts.name), value, lease: 0n }, ...taken.map(deletionOf)],
    failure: [readOf(own.key)],
  });
  return succeeded ? 'written' : 'gone';
}

/**
 * Records a term that has ended, under a key of its own, until the next leader takes it into the history. Whoever has
 * led may do so at any time: nobody else writes this key, and always the same.
 */
export async function writeEnd({ store, name }: TermHistoryParts, lease: bigint, term: RecordedTerm): Promise<void> {
  const key = endedKeyOf(name, term.fencingToken, lease);
  const put: Op = { type: 'put', key, value: bytesOfTerms([term], 1), lease: 0n };
  await store.txn({ compare: [], success: [put], failure: [] });
}

async function read({ store, name }: TermHistoryParts): Promise<Recorded> {
  const prefix = endedPrefixOf(name);
  const ends: Op = {
    type: 'range',
    range: { key: prefix, end: rangeEndOf(prefix), order: 'oldest', limit: MOST_ENDS },
  };
  const { ranges } = await store.txn({ compare: [], success: [readOf(historyKeyOf(name)), ends], failure: [] });
  return { history: ranges[0]?.kvs[0], ends: ranges[1]?.kvs ?? [] };
}

function deletionOf({ key }: KeyValue): Op {
  return { type: 'delete', key };
}

function termsOf({ history, ends }: Recorded): RecordedTerm[] {
  const appended = history === undefined ? [] : termsOfKey(history);
  return merged(appended, ends.flatMap(termsOfKey));
}
