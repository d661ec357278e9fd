import type { Candidate } from '../candidate.js';
import { hexOf, textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import { isBlocking, isOurs } from './keys.js';

/** The key by which somebody leads when it is the first of the queue. Nobody leads by a key that is no candidate's. */
export function leaderOf(head: KeyValue | undefined): KeyValue | undefined {
  return head === undefined || isBlocking(head) ? undefined : head;
}

export function toCandidate(kv: KeyValue): Candidate {
  const candidate: Candidate = {
    key: textOf(kv.key),
    value: kv.value.toString('utf8'),
    bytes: Buffer.from(kv.value), // a copy, which the reader may change
    leaseId: hexOf(kv.lease),
    fencingToken: kv.createRevision,
    modRevision: kv.modRevision,
    blocks: isBlocking(kv),
    isOurs: isOurs(kv),
  };
  // Not enumerable: candidates are compared and spread as the plain objects that they are.
  return Object.defineProperty(candidate, 'toJSON', { value: toJSON });
}

/** The leader as the user sees it; undefined when nobody leads by this head. */
export function toLeader(head: KeyValue | undefined): Candidate | undefined {
  const leader = leaderOf(head);
  return leader && toCandidate(leader);
}

/** JSON knows neither a bigint nor bytes. */
function toJSON(this: Candidate): Record<string, string | boolean> {
  const { key, value, bytes, leaseId, fencingToken, modRevision, blocks, isOurs } = this;
  const numbers = { fencingToken: fencingToken.toString(), modRevision: modRevision.toString() };
  return { key, value, bytes: bytes.toString('base64'), leaseId, ...numbers, blocks, isOurs };
}
