import type { Candidate } from '../../candidate.js';
import { check, show } from '../../checks.js';
import { ElectionError } from '../../errors.js';
import { isBlocking } from '../../queue/keys.js';
import { keyFrom } from '../../store/bytes.js';
import type { KeyValue } from '../../store/store.js';

/** Whom a leader can hand over to: what a candidate announces, or the candidate as a read has shown it. */
export type TransferTarget = string | Uint8Array | Candidate;

/** @throws ElectionError `INVALID_OPTION` */
export function checkTarget(to: unknown): asserts to is TransferTarget {
  const isValue = typeof to === 'string' || to instanceof Uint8Array;
  check(
    isValue || isCandidate(to),
    `\`to\` must be an announced value, as a string or a Buffer, or a Candidate; got ${show(to)}`,
  );
}

function isCandidate(to: unknown): boolean {
  if (typeof to !== 'object' || to === null) return false;
  const { key, fencingToken } = to as Partial<Record<keyof Candidate, unknown>>;
  return typeof key === 'string' && typeof fencingToken === 'bigint';
}

/**
 * The candidate that is meant, among these: of several that announce the value, the first. A key that is no candidate's
 * is never meant.
 *
 * @throws ElectionError `NOT_CANDIDATE`
 */
export function findTarget(candidates: readonly KeyValue[], to: TransferTarget): KeyValue {
  const isMeant =
    typeof to === 'string' || to instanceof Uint8Array
      ? ({ value }: KeyValue) => value.equals(Buffer.from(to as string))
      : ({ key, createRevision }: KeyValue) => key === keyFrom(to.key) && createRevision === to.fencingToken;
  const found = candidates.find((kv) => !isBlocking(kv) && isMeant(kv));
  if (found !== undefined) return found;
  const who = typeof to === 'string' ? show(to) : to instanceof Uint8Array ? 'these bytes' : show(to.value);
  throw new ElectionError('NOT_CANDIDATE', `nobody else in the queue announces ${who}: nothing was done`);
}
