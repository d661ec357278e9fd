import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { Election } from '../../lib/index.js';
import { revoke } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { requestsTo } from '../support/cluster/requests.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { runCandidate } from '../support/processes.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

/** So many elections change their leader at the same time, so often. */
const [ELECTIONS, ROUNDS] = [5, 20];

/** How often so many leaders are killed together: a process for each, and a TTL. `CRASHES=20` makes a hundred of it. */
const CRASHES = Number(process.env['CRASHES'] ?? 1);

/**
 * Milliseconds until the third candidate has heard that it is the second now, and etcd has caught up with its watch.
 * Who leaves sooner makes the next one read, which no spec can tell from a mistake.
 */
const SETTLES = 600;

describe('a change of leader on three members', () => {
  const cluster = sharedCluster();

  const ways: Record<string, (leader: Election, operator: Etcd3) => unknown> = {
    'stop()': (leader) => leader.stop().then(() => leader.start()),
    'stepDown()': (leader) => leader.stepDown(),
    'the end of its lease': (leader, operator) => revoke(operator, leader.leadership?.leaseId ?? ''),
  };
  for (const [way, leave] of Object.entries(ways)) {
    it(`costs the next leader neither a read nor a transaction, a hundred times, by ${way}`, async function () {
      this.timeout(240_000);
      // Each place of the queue has a member to itself, so that etcd's counts tell who has asked.
      const hosts = cluster().hosts.slice(0, 3);
      const operator = openClient(cluster().hosts);
      const elections = times(ELECTIONS).map(() => {
        const name = uniqueName();
        return hosts.map((host) => candidate([host], name, { value: host, ttl: 30 }));
      });
      for (const queue of elections) await joinInOrder(...queue);
      await leadsEverywhere(elections, 0);
      const took: number[] = [];
      for (const round of times(ROUNDS)) {
        await pause(SETTLES);
        const at = round % hosts.length;
        const next = (round + 1) % hosts.length;
        const host = hosts[next] ?? '';
        const before = await requestsTo(host);
        const since = stopwatch();
        const left = Promise.all(elections.map((queue) => leave(queue[at] as Election, operator)));
        await Promise.all(elections.map((queue) => leading(queue[next] as Election)));
        took.push(since());
        expect(await requestsTo(host), `round ${round}`).to.deep.equal(before);
        await left;
        await leadsEverywhere(elections, next);
      }
      figure(`${ELECTIONS} leaders leave by ${way} to the last of the next elected`, ...took);
    });
  }

  it("costs the next leader neither a read nor a transaction when the leader's process is killed", async function () {
    this.timeout(120_000 * CRASHES);
    const [first = '', host = '', last = ''] = cluster().hosts;
    for (const round of times(CRASHES)) {
      const queues = await Promise.all(
        times(ELECTIONS).map(async () => {
          const name = uniqueName();
          const crashing = runCandidate({ hosts: [first], name, ttl: 12 });
          await crashing.heard('elected');
          const [next, third] = [candidate([host], name), candidate([last], name)];
          await joinInOrder(next, third);
          return { crashing, next, third };
        }),
      );
      await pause(SETTLES);
      const before = await requestsTo(host);
      for (const { crashing } of queues) crashing.signal('SIGKILL');
      await Promise.all(queues.map(({ next }) => leading(next)));
      expect(await requestsTo(host), `round ${round}`).to.deep.equal(before);
      await Promise.all(queues.flatMap(({ next, third }) => [third.stop(), next.stop()]));
    }
  });

  /** Each candidate has heard that this one leads, and the one that has left is in the queue again. */
  async function leadsEverywhere(elections: readonly (readonly Election[])[], leader: number): Promise<void> {
    for (const queue of elections) {
      const value = cluster().hosts[leader];
      for (const election of queue) {
        const isSettled = (): boolean =>
          election.currentLeader() === value && (election.isLeader() || election.state === 'waiting');
        await until(isSettled, { what: `everybody to hear of the leader at ${value}` });
      }
    }
  }
});
