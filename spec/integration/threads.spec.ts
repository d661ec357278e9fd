import { expect } from 'chai';
import { BlockedLeader } from '../support/blocked-leader.js';
import { candidate, openClient, queued } from '../support/candidates.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up before the main thread blocks. */
const TTL = 12;

describe('a thread of a leader whose main thread is blocked', () => {
  const cluster = sharedCluster();

  it('stops before the next candidate starts, 20 of 20', async () => {
    const { hosts } = cluster();
    const names = Array.from({ length: 20 }, () => uniqueName('threads'));
    const first = tracked(new BlockedLeader({ hosts, names, ttl: TTL, blocked: 1_000 * TTL + 6_000 }));
    await first.heard('leading');
    const client = openClient(hosts);
    const electedOn = new Map<string, number>();
    for (const name of names) {
      const next = candidate(client, name);
      next.on('elected', () => electedOn.set(name, Date.now()));
      await queued(next);
    }
    expect(electedOn.size).to.equal(0);

    first.block();
    await until(() => electedOn.size === names.length, { what: 'the next candidates to be elected' });

    const { seenOn, unblockedOn } = await first.heard('ends');
    const inTime = names.filter((name, index) => {
      const seen = seenOn[index] ?? Number.POSITIVE_INFINITY;
      return seen < unblockedOn && seen <= (electedOn.get(name) ?? 0);
    });
    expect(inTime).to.have.length(20);
  });
});
