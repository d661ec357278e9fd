import type { Etcd3, IKeyValue } from 'etcd3';
import { SystemClock } from '../common/time.js';
import type { CallOptions } from '../etcd/call-guard.js';
import { MemberHealth } from '../etcd/member-health.js';
import { unary } from '../etcd/unary.js';
import { rangeEndOf } from '../queue/keys.js';
import { bytesOf, keyOf, leaseFrom } from '../store/bytes.js';

/** Keys per request, because a million keys must not come in one reply. */
const PAGE = 1_000;
/** Requests under way at a time. */
const AT_ONCE = 16;

/**
 * The requests that only the command line needs, with the time-outs and repeated attempts of the library's requests.
 */
export class Requests {
  readonly #etcd: Etcd3;
  readonly #clock = new SystemClock();
  readonly #members = new MemberHealth(this.#clock);

  constructor(etcd: Etcd3) {
    this.#etcd = etcd;
  }

  /** Seconds that a lease has left, as etcd counts them; null: the key has no lease and stays for ever. */
  async timeToLive(leaseId: string): Promise<number | null> {
    if (leaseId === '0') return null;
    const ID = leaseFrom(leaseId).toString();
    const reply = await this.send('tell of a lease', (o) => this.#etcd.leaseClient.leaseTimeToLive({ ID }, o));
    return Number(reply.TTL);
  }

  /** All keys that begin with `prefix`, with leases, without values, as they are at one revision; page by page. */
  async *keys(prefix: Buffer): AsyncGenerator<readonly IKeyValue[], void, undefined> {
    const end = bytesOf(rangeEndOf(keyOf(prefix)));
    let key = prefix.length === 0 ? Buffer.from([0]) : prefix;
    let revision: string | undefined;
    for (;;) {
      const request = {
        key,
        range_end: end,
        limit: PAGE,
        keys_only: true,
        ...(revision !== undefined && { revision }),
      };
      const reply = await this.send('list keys', (o) => this.#etcd.kv.range(request, o));
      revision ??= reply.header.revision;
      const last = reply.kvs.at(-1);
      const isTold = last === undefined || reply.kvs.some(({ lease }) => lease !== '0');
      yield isTold ? reply.kvs : await this.#withLeases(reply.kvs, revision);
      if (!reply.more || last === undefined) return;
      key = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  /**
   * From 3.7 on etcd leaves leases out of an answer without values, unless it was to sort by values. A limit would cut
   * such an answer off anywhere, so this takes the keys of the page without a limit, and brings them into their order.
   */
  async #withLeases(page: readonly IKeyValue[], revision: string): Promise<IKeyValue[]> {
    const [first, last] = [page[0]?.key, page.at(-1)?.key];
    if (first === undefined || last === undefined) return [];
    const end = Buffer.concat([last, Buffer.from([0])]);
    const request = { key: first, range_end: end, keys_only: true, revision, sort_target: 'Value' as const };
    const { kvs } = await this.send('list keys', (o) => this.#etcd.kv.range(request, o));
    return kvs.sort((a, b) => a.key.compare(b.key));
  }

  /** One key; undefined: it is not there. */
  async key(key: Buffer): Promise<IKeyValue | undefined> {
    const reply = await this.send('read a key', (o) => this.#etcd.kv.range({ key }, o));
    return reply.kvs[0];
  }

  /** `Promise.all` of `items.map(read)`, a few at a time. */
  async each<T, R>(items: readonly T[], read: (item: T, index: number) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    for (let from = 0; from < items.length; from += AT_ONCE) {
      const some = items.slice(from, from + AT_ONCE);
      results.push(...(await Promise.all(some.map((item, i) => read(item, from + i)))));
    }
    return results;
  }

  /** Sends a request that may be repeated. @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED` */
  send<T>(what: string, send: (options: CallOptions) => Promise<T>): Promise<T> {
    return unary(this.#members, this.#clock, what, send);
  }
}
