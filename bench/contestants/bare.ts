import type { Etcd3, IRangeRequest, IRequestOp, ITxnRequest, IWatchResponse } from 'etcd3';

/**
 * The operations of an election as bare requests on etcd3's raw clients: the floor, a library that costs nothing. They
 * are the very requests that this library makes, without retries, deadlines or any state.
 */

/** Everything under `prefix`, the newest first: our own key, the one before it, and whether there is another. */
function placeQuery(prefix: string): IRangeRequest {
  return {
    key: Buffer.from(prefix),
    range_end: endOf(prefix),
    limit: 3,
    keys_only: true,
    sort_target: 'Create',
    sort_order: 'Descend',
  };
}

function headQuery(prefix: string): IRangeRequest {
  return { key: Buffer.from(prefix), range_end: endOf(prefix), limit: 1, sort_target: 'Create', sort_order: 'Ascend' };
}

export interface BareKey {
  readonly prefix: string;
  readonly key: string;
  readonly lease: string;
}

/** One transaction for any number of joins, each in a queue of its own. */
export function joinTxn(keys: readonly BareKey[], withHead: boolean): ITxnRequest {
  return {
    compare: keys.map(({ key }) => ({
      key: Buffer.from(key),
      target: 'Create',
      result: 'Equal',
      create_revision: '0',
    })),
    success: keys.flatMap(({ prefix, key, lease }): IRequestOp[] => [
      { request_put: { key: Buffer.from(key), value: Buffer.from('bare'), lease } },
      { request_range: placeQuery(prefix) },
      ...(withHead ? [{ request_range: headQuery(prefix) }] : []),
    ]),
    failure: keys.length === 1 ? [{ request_range: headQuery(keys[0]?.prefix ?? '') }] : [],
  };
}

/** Deletes a key and no later one of that name. */
export function guardedDelete({ key }: BareKey, createRevision: string): ITxnRequest {
  return {
    compare: [{ key: Buffer.from(key), target: 'Create', result: 'Equal', create_revision: createRevision }],
    success: [{ request_delete_range: { key: Buffer.from(key) } }],
    failure: [],
  };
}

/** The number of the last key. Numbers begin at random, so that processes do not write the same keys. */
let keys = BigInt(Math.floor(Math.random() * 2 ** 40)) << 20n;

/** A key in the queue `prefix`, as long as a lease's id in hex. */
export function bareKey(prefix: string, lease = '0'): BareKey {
  keys++;
  return { prefix, key: `${prefix}${(0x4000_0000_0000_0000n + keys).toString(16)}`, lease };
}

/** Grants a lease of `ttl` seconds; the default outlasts a whole case, because nothing refreshes the lease. */
export async function grant(etcd: Etcd3, ttl = 3_600): Promise<string> {
  return (await etcd.leaseClient.leaseGrant({ TTL: ttl })).ID;
}

export type BareWatch = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

/** Opens a stream and follows one key; resolves when etcd has accepted it. */
export async function watchKey(
  etcd: Etcd3,
  key: string,
  from: string,
  deleted: (response: IWatchResponse) => void,
): Promise<BareWatch> {
  const stream = await etcd.watchClient.watch();
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (response) => {
      if (response.created) resolve();
      if (response.events.length > 0) deleted(response);
    });
    stream.write({ create_request: { key: Buffer.from(key), start_revision: from } });
  });
  return stream;
}

export function closeWatch(stream: BareWatch): void {
  stream.on('error', () => {}); // our own cancellation
  stream.end();
  stream.cancel();
}

/** The revision after `revision`. */
export function next(revision: string): string {
  return String(BigInt(revision) + 1n);
}

/** The first key after all keys that begin with `prefix`, which ends in `/`. */
function endOf(prefix: string): Buffer {
  return Buffer.from(`${prefix.slice(0, -1)}0`);
}
