import { ElectionError } from '../../../lib/errors.js';
import type { Compare, Header, Op, RangeCompare, RangeResult, Txn, TxnResult } from '../../../lib/store/store.js';
import { type Change, KeySpace, type KeySpaceOptions, type Writer } from './key-space.js';
import { Leases } from './leases.js';

/** etcd's default `--max-txn-ops`, for the compares and for each branch. */
const MAX_TXN_OPS = 128;

/** What raft applies, one command after the other: keys and leases together. Each command takes no time. */
export class StateMachine {
  readonly keys: KeySpace;
  readonly leases = new Leases();
  /** The id of the cluster. */
  #cluster = 1n;
  readonly #onChange: ((change: Change) => void)[] = [];
  /** Called for every lease that is gone. */
  onLeaseGone: ((id: bigint) => void) | undefined;

  constructor(options: KeySpaceOptions) {
    this.keys = new KeySpace(options);
  }

  /** What every answer says of the store. */
  get header(): Header {
    return { revision: this.keys.revision, cluster: this.#cluster };
  }

  /**
   * The data is replaced: by nothing, as when the data folders were emptied; or by a snapshot, which was taken so many
   * revisions ago.
   */
  beginAnew(from: 'nothing' | number, now: number, cluster: 'same' | 'another'): void {
    if (from === 'nothing') this.keys.clear();
    else this.keys.goBack(from);
    if (cluster === 'another') this.#cluster += 1n;
    for (const id of this.leases.restore(this.keys.list('\0', '\0'), now)) this.onLeaseGone?.(id);
  }

  /** Calls `listener` for every revision, after the revision is in force. */
  onChange(listener: (change: Change) => void): void {
    this.#onChange.push(listener);
  }

  txn(txn: Txn): TxnResult {
    assertWellFormed(txn);
    const succeeded = compareAll(txn.compare, agesIn(this.keys));
    const ops = succeeded ? txn.success : txn.failure;
    this.#assertLeasesExist(ops);
    // What is to be read of the past is read first: when it is gone, nothing is written.
    const past = new Map(ops.flatMap((op) => (isOfThePast(op) ? [[op, this.keys.range(op.range)] as const] : [])));
    const ranges: RangeResult[] = [];
    this.write((writer) => {
      for (const op of ops) {
        if (op.type === 'range') ranges.push(past.get(op) ?? this.keys.range(op.range));
        else if (op.type === 'put') writer.put(op.key, op.value, op.lease);
        else writer.delete(op.key);
      }
    });
    return { succeeded, ...this.header, ranges };
  }

  /**
   * Answers a transaction that writes nothing from the state of `changes` revisions ago: a known fault of old releases.
   */
  stale(txn: Txn, changes: number): TxnResult {
    const past = this.keys.past(changes);
    const succeeded = compareAll(txn.compare, agesIn(past));
    const ops = succeeded ? txn.success : txn.failure;
    const ranges = ops.flatMap((op) => (op.type === 'range' ? [past.range(op.range)] : []));
    return { succeeded, revision: past.revision, cluster: this.#cluster, ranges };
  }

  /** Takes the keys of a snapshot, see {@link KeySpace.restore}. The leases are those of today. */
  restore(changes: number, bump: bigint): void {
    for (const { key, lease } of this.keys.list('\0', '\0')) this.leases.move(key, lease, 0n);
    this.keys.restore(changes, bump);
    for (const { key, lease } of this.keys.list('\0', '\0')) this.leases.move(key, 0n, lease);
  }

  /** Deletes the keys of the lease in one revision; false when there is no such lease. */
  revoke(id: bigint): boolean {
    const lease = this.leases.remove(id);
    if (lease === undefined) return false;
    this.write((writer) => {
      for (const key of [...lease.keys].sort()) writer.delete(key);
    });
    this.onLeaseGone?.(id);
    return true;
  }

  /** Writes everything in one revision, and tells the leases. */
  write(fn: (writer: Writer) => void): void {
    const change = this.keys.write((writer) =>
      fn({
        put: (key, value, lease) => {
          this.leases.move(key, this.keys.get(key)?.lease ?? 0n, lease);
          writer.put(key, value, lease);
        },
        delete: (key) => {
          this.leases.move(key, this.keys.get(key)?.lease ?? 0n, 0n);
          writer.delete(key);
        },
      }),
    );
    if (change !== undefined) for (const listener of this.#onChange) listener(change);
  }

  #assertLeasesExist(ops: readonly Op[]): void {
    for (const op of ops) {
      if (op.type === 'put' && op.lease !== 0n && this.leases.get(op.lease) === undefined) {
        throw new ElectionError('LEASE_LOST', 'etcdserver: requested lease not found');
      }
    }
  }
}

/** Whether a transaction has no operations. etcd lets a member answer such a transaction from what the member knows. */
export function isLocal({ success, failure }: Txn): boolean {
  return success.length === 0 && failure.length === 0;
}

/** A member answers it from what it has applied, once it knows that this is up to date. */
export function isReadOnly({ success, failure }: Txn): boolean {
  return [...success, ...failure].every(({ type }) => type === 'range');
}

function isOfThePast(op: Op): op is Extract<Op, { type: 'range' }> {
  return op.type === 'range' && op.range.revision !== undefined;
}

/** The create revisions of the keys in a range; without `end` that of one key, if it exists. */
export type Ages = (key: string, end?: string) => readonly bigint[];

export function compareAll(compares: readonly (Compare | RangeCompare)[], ages: Ages): boolean {
  return compares.every((compare) => {
    if ('createRevision' in compare) return (ages(compare.key)[0] ?? 0n) === compare.createRevision;
    return ages(compare.key, compare.end).every((age) => age < compare.createdBefore);
  });
}

function agesIn(keys: KeySpace): Ages {
  return (key, end) => keys.list(key, end).map(({ createRevision }) => createRevision);
}

/**
 * What etcd refuses is a mistake of ours and not of the network. So it is no {@link ElectionError}, and nobody retries
 * it.
 */
function assertWellFormed({ compare, success, failure }: Txn): void {
  if (Math.max(compare.length, success.length, failure.length) > MAX_TXN_OPS) {
    throw new Error('etcdserver: too many operations in txn request');
  }
  if (compare.some(({ key }) => key === '')) throw new Error('etcdserver: key is not provided');
  for (const branch of [success, failure]) assertNoDuplicates(branch);
}

function assertNoDuplicates(branch: readonly Op[]): void {
  const put = new Set<string>();
  for (const op of branch) {
    if ((op.type === 'range' ? op.range.key : op.key) === '') throw new Error('etcdserver: key is not provided');
    if (op.type !== 'put') continue;
    if (put.has(op.key)) throw new Error('etcdserver: duplicate key given in txn request');
    put.add(op.key);
  }
  if (branch.some((op) => op.type === 'delete' && put.has(op.key))) {
    throw new Error('etcdserver: duplicate key given in txn request');
  }
}
