import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import { hexOf, textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';

/** Milliseconds in which a candidate writes its key again, with its lease, when somebody has written it without. */
export const MENDED_WITHIN = 2_000;

/** Keys that are remembered as told, because an application may write such keys for ever. */
const MOST_REMEMBERED = 100;

/**
 * The keys of one election that are no candidate's and stand in its queue all the same: an application has written them
 * under the election's name. Nobody behind such a key can lead, so each of them is told once.
 */
export class Blockers {
  readonly #log: () => Logger;
  readonly #told = new Set<bigint>();

  constructor(log: () => Logger) {
    this.#log = log;
  }

  isTold(kv: KeyValue): boolean {
    return this.#told.has(kv.createRevision);
  }

  /** What to tell the user; undefined when this key has been told. */
  tell(kv: KeyValue): ElectionError | undefined {
    if (this.isTold(kv)) return undefined;
    if (this.#told.size >= MOST_REMEMBERED) this.#told.clear();
    this.#told.add(kv.createRevision);
    const error = blockedError(kv);
    this.#log().error({ key: textOf(kv.key), err: error }, 'a key that is no candidate blocks the election');
    return error;
  }
}

/** What to say of a key that is no candidate's. */
export function blockedError({ key, lease }: KeyValue): ElectionError {
  return new ElectionError('BLOCKED', describeBlocker(textOf(key), hexOf(lease)));
}

/** One line for an operator. `leaseId` in hex, `0` for none. */
export function describeBlocker(key: string, leaseId: string): string {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const why = leaseId === '0' ? 'it has no lease' : `it does not name its lease, ${leaseId}`;
  return (
    `\`${key}\` is no candidate's key (${why}) and blocks the election: nobody behind it can lead ` +
    `until it is deleted by hand, or moved out of \`${folder}\` by the application that writes it`
  );
}
