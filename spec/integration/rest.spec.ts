import { expect } from 'chai';
import { CLIENTS, candidate, inOrder } from '../support/candidates.js';
import { get } from '../support/cluster/http.js';
import { ownCluster } from '../support/own-cluster.js';
import { uniqueName } from '../support/shared-cluster.js';
import { until } from '../support/wait.js';

/** Long enough that nobody loses a lease, or repeats a refresh on a new stream, because the machine is busy. */
const TTL = 12;
/**
 * A stream of watches is asked for a sign of life once in a third of the TTL, as often as a lease is refreshed. So many
 * refreshes take a minute.
 */
const REFRESHES = 15;

/** How many there were on all members, by gRPC method. */
async function counted(metric: string, hosts: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const pattern = new RegExp(`^${metric}\\{.*grpc_method="(\\w+)".*\\} (\\S+)$`, 'gm');
  const counts = new Map<string, number>();
  for (const metrics of await Promise.all(hosts.map((host) => get(`${host}/metrics`)))) {
    for (const [, method = '', count] of metrics.matchAll(pattern)) {
      counts.set(method, (counts.get(method) ?? 0) + Number(count));
    }
  }
  return counts;
}

describe('candidates at rest', () => {
  const cluster = ownCluster(); // its counts are of these candidates only

  it('cost etcd refreshes and signs of life, and no other request and no new stream', async () => {
    const { hosts } = cluster();
    const leaders = await Promise.all(
      CLIENTS.map(async (client) => {
        const name = uniqueName();
        const [leader, next] = [
          candidate(hosts, name, { ttl: TTL, client }),
          candidate(hosts, name, { ttl: TTL, client }),
        ];
        await inOrder(leader, next);
        return leader;
      }),
    );
    let refreshes = 0;
    for (const leader of leaders) leader.on('refresh', () => refreshes++);
    await until(() => refreshes >= 2 * leaders.length, { what: 'the candidates to come to rest' });

    const [started, told] = await Promise.all([
      counted('grpc_server_started_total', hosts),
      counted('grpc_server_msg_received_total', hosts),
    ]);
    refreshes = 0;
    await until(() => refreshes >= REFRESHES * leaders.length, { within: 120_000, what: 'a minute of rest' });
    expect(Object.fromEntries(await counted('grpc_server_started_total', hosts))).to.deep.equal(
      Object.fromEntries(started),
    );
    const asked =
      ((await counted('grpc_server_msg_received_total', hosts)).get('Watch') ?? 0) - (told.get('Watch') ?? 0);
    const streams = 2 * CLIENTS.length; // one of each candidate
    expect(asked, 'a creation and a cancellation each time').to.be.within(streams * REFRESHES, streams * REFRESHES * 3);
  }).timeout(180_000);
});
