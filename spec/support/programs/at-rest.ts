/**
 * Two candidates with each kind of client on a cluster of their own, at rest for a while. Tells its parent what the
 * members have counted before and after.
 */
import { CLIENTS, candidate, joinInOrder } from '../candidates.js';
import { Cluster } from '../cluster/cluster.js';
import { get } from '../cluster/http.js';
import type { Rest } from '../rest.js';
import { tracked } from '../track.js';
import { uniqueName } from '../unique-name.js';
import { until } from '../wait.js';
import { workAside } from './aside-work.js';

const [ttl, refreshes] = process.argv.slice(2).map(Number) as [number, number];
/** Milliseconds: twice as long as so many refreshes take. */
const within = (count: number): number => 2 * count * ((1_000 * ttl) / 3);

/** How many there were on all members, by gRPC method. */
async function counted(metric: string, hosts: readonly string[]): Promise<Record<string, number>> {
  const pattern = new RegExp(`^${metric}\\{.*grpc_method="(\\w+)".*\\} (\\S+)$`, 'gm');
  const counts: Record<string, number> = {};
  for (const metrics of await Promise.all(hosts.map((host) => get(`${host}/metrics`)))) {
    for (const [, method = '', count] of metrics.matchAll(pattern)) {
      counts[method] = (counts[method] ?? 0) + Number(count);
    }
  }
  return counts;
}

await workAside(async (): Promise<Rest> => {
  const { hosts } = tracked(await Cluster.start()); // its counts are of these candidates only
  const leaders = await Promise.all(
    CLIENTS.map(async (client) => {
      const name = uniqueName();
      const [leader, next] = [candidate(hosts, name, { ttl, client }), candidate(hosts, name, { ttl, client })];
      await joinInOrder(leader, next);
      return leader;
    }),
  );
  let seen = 0;
  for (const leader of leaders) leader.on('refresh', () => seen++);
  const refreshed = async (count: number): Promise<void> => {
    seen = 0;
    await until(() => seen >= count * leaders.length, { within: within(count), what: `${count} refreshes of each` });
  };
  await refreshed(2);

  const [started, told] = await Promise.all([
    counted('grpc_server_started_total', hosts),
    counted('grpc_server_msg_received_total', hosts),
  ]);
  await refreshed(refreshes);
  const startedThen = await counted('grpc_server_started_total', hosts);
  const toldThen = await counted('grpc_server_msg_received_total', hosts);
  const asked = (toldThen['Watch'] ?? 0) - (told['Watch'] ?? 0);
  return { started: [started, startedThen], asked, candidates: 2 * leaders.length };
});
