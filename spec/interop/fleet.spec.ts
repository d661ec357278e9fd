import { expect } from 'chai';
import { candidate, openClient } from '../support/candidates.js';
import { etcd3s, type ForeignCandidate, ours, queueIs } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const SIZE = 4;

/** Asks every millisecond who believes to lead, as work on every machine would. */
class Census {
  samples = 0;
  withLeader = 0;
  /** The leaders of each sample that found more than one. */
  readonly overlaps: string[] = [];
  readonly #fleet: readonly ForeignCandidate[];
  readonly #timer: NodeJS.Timeout;

  constructor(fleet: readonly ForeignCandidate[]) {
    this.#fleet = fleet;
    this.#timer = setInterval(() => this.take(), 1);
  }

  take(): void {
    const leaders = this.#fleet.filter((each) => each.isLeader()).map(({ value }) => value);
    this.samples++;
    if (leaders.length > 0) this.withLeader++;
    if (leaders.length > 1) this.overlaps.push(leaders.join(' and '));
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

describe('a fleet of etcd3’s Election', () => {
  const cluster = sharedCluster();

  for (const [order, pick] of [
    ['the leader first', (old: ForeignCandidate[]) => old.find((each) => each.isLeader())],
    ['the leader last', (old: ForeignCandidate[]) => old.find((each) => !each.isLeader()) ?? old[0]],
  ] as const) {
    it(`is moved over candidate by candidate without two leaders at any moment: ${order}`, async () => {
      const { hosts } = cluster();
      const name = uniqueName();
      const queue = `election/${name}`;
      const reader = candidate(hosts, queue);
      const fleet: ForeignCandidate[] = [];
      const census = tracked(new Census(fleet));
      let old: ForeignCandidate[] = [];
      let values: string[] = [];
      for (let i = 0; i < SIZE; i++) {
        const contestant = etcd3s(openClient(hosts), name, `old ${i}`);
        old.push(contestant);
        fleet.push(contestant);
        values.push(contestant.value);
        await queueIs(reader, values);
      }

      for (let i = 0; i < SIZE; i++) {
        await until(() => fleet.some((each) => each.isLeader()), { what: 'a leader' });
        const leaving = pick(old);
        if (leaving === undefined) throw new Error('ours lead before the old fleet has gone');
        await leaving.leave();
        old = old.filter((each) => each !== leaving);
        const joining = ours(candidate(hosts, queue, { value: `new ${i}` }), `new ${i}`);
        fleet.push(joining);
        values = [...values.filter((value) => value !== leaving.value), joining.value];
        await queueIs(reader, values);
      }

      await until(() => fleet.some((each) => each.isLeader()), { what: 'a leader' });
      expect(values).to.deep.equal(['new 0', 'new 1', 'new 2', 'new 3']);
      expect(fleet.filter((each) => each.isLeader()).map(({ value }) => value)).to.deep.equal(['new 0']);
      expect(census.overlaps).to.deep.equal([]);
      expect(census.withLeader).to.be.greaterThan(0);
    });
  }
});
