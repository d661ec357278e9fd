import { get } from '../spec/support/cluster/http.js';
import type { RequestsByMethod } from './report.js';

/**
 * Messages that etcd received, unary or on a stream: a created watch, a refreshed lease and a read are one message
 * each.
 */
const RECEIVED = /^grpc_server_msg_received_total\{grpc_method="(\w+)",grpc_service="etcdserverpb\.\w+",.*\} (\S+)$/gm;

/** Reads from the members' /metrics which requests they have received. */
export class RequestCounter {
  readonly #hosts: readonly string[];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  /** Requests since the members were started. */
  async read(): Promise<RequestsByMethod> {
    const total: Record<string, number> = {};
    const pages = await Promise.all(this.#hosts.map((host) => get(`${host}/metrics`, undefined, 10_000)));
    for (const [, method = '', count] of pages.flatMap((page) => [...page.matchAll(RECEIVED)])) {
      total[method] = (total[method] ?? 0) + Number(count);
    }
    return total;
  }
}

/** Requests between two readings, without the methods that were not used. */
export function difference(before: RequestsByMethod, after: RequestsByMethod): RequestsByMethod {
  const added = Object.entries(after).map(([method, n]) => [method, n - (before[method] ?? 0)] as const);
  return Object.fromEntries(added.filter(([, n]) => n !== 0));
}

export function add(a: RequestsByMethod, b: RequestsByMethod): RequestsByMethod {
  const methods = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...methods].map((method) => [method, (a[method] ?? 0) + (b[method] ?? 0)]));
}

/** Rounded to hundredths. */
export function scale(requests: RequestsByMethod, factor: number): RequestsByMethod {
  return Object.fromEntries(Object.entries(requests).map(([m, n]) => [m, Math.round(n * factor * 100) / 100]));
}
