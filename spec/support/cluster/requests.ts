import { get } from './http.js';

const REQUESTS = /^grpc_server_started_total\{grpc_method="(Range|Txn)",grpc_service="etcdserverpb\.KV",.*\} (\S+)$/gm;

/** The reads and transactions that this member was asked for, by etcd's own count. */
export async function requestsTo(host: string): Promise<Readonly<Record<string, number>>> {
  const page = await get(`${host}/metrics`, undefined, 10_000);
  return Object.fromEntries([...page.matchAll(REQUESTS)].map(([, method = '', count]) => [method, Number(count)]));
}
