import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { Election, ElectionOptions } from '../../lib/index.js';
import { revoke } from '../support/by-hand.js';
import { candidate, leading, openClient, queued } from '../support/candidates.js';
import { requestsTo } from '../support/cluster/requests.js';
import { etcd3s, etcdctls, type ForeignCandidate, goCandidate, queueIs, withGo } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

/** Milliseconds until all have heard who leads, and etcd has caught up with the watches that came of it. */
const SETTLES = 600;

const PEERS = {
  '`etcdctl elect`': (hosts: readonly string[], name: string, value: string) =>
    etcdctls(hosts, `election/${name}`, value),
  'Go’s `concurrency.Election`': (hosts: readonly string[], name: string, value: string) =>
    goCandidate(hosts, `election/${name}`, value),
  'etcd3’s election': async (hosts: readonly string[], name: string, value: string) =>
    etcd3s(openClient(hosts), name, value),
};

type Join = (typeof PEERS)[keyof typeof PEERS];

/** How a leader of another client goes. `reader` is of the same queue. */
const WAYS: Record<string, (leader: ForeignCandidate, operator: Etcd3, reader: Election) => Promise<void>> = {
  'it resigns': (leader) => leader.leave(),
  // By this request etcd itself ends a lease that nobody refreshes.
  'its lease ends': async ({ value }, operator, reader) => {
    const own = (await reader.candidates()).find((each) => each.value === value);
    await revoke(operator, own?.leaseId ?? '');
  },
};

describe('a promotion of ours behind a leader of another client', () => {
  const cluster = sharedCluster();
  withGo();

  /** Places in a queue. Each candidate of ours has a member to itself, so that etcd's counts tell who has asked. */
  class MixedQueue {
    readonly name = uniqueName();
    readonly operator = openClient(this.#at(0));
    readonly reader = candidate(this.operator, `election/${this.name}`);
    readonly values: string[] = [];
    readonly #join: Join;

    constructor(join: Join) {
      this.#join = join;
    }

    async theirs(value: string): Promise<ForeignCandidate> {
      const contestant = await this.#join(this.#at(0), this.name, value);
      this.values.push(value);
      await queueIs(this.reader, this.values);
      return contestant;
    }

    async ours(at: 1 | 2, options: ElectionOptions = {}): Promise<Election> {
      const value = `ours at ${at}`;
      this.values.push(value);
      return await queued(candidate(this.#at(at), `election/${this.name}`, { value, ...options }));
    }

    /** What our candidate at this member asks for from now on until it leads, and a while longer. */
    async asks(at: 1 | 2, next: Election, leave: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
      const [host = ''] = this.#at(at);
      await pause(SETTLES);
      const before = await requestsTo(host);
      await leave();
      await leading(next);
      await pause(SETTLES);
      const after = await requestsTo(host);
      return Object.fromEntries(
        Object.keys(after).map((method) => [method, (after[method] ?? 0) - (before[method] ?? 0)]),
      );
    }

    #at(member: number): string[] {
      return cluster().hosts.slice(member, member + 1);
    }
  }

  for (const [peer, join] of Object.entries(PEERS)) {
    for (const [way, leave] of Object.entries(WAYS)) {
      it(`costs neither a read nor a transaction, for the second and for the fourth: ${peer}, ${way}`, async () => {
        const queue = new MixedQueue(join);
        const first = await queue.theirs('theirs 1');
        const second = await queue.ours(1);
        const third = await queue.theirs('theirs 2');
        const fourth = await queue.ours(2);

        await until(() => first.isLeader(), { what: 'the first to lead' });
        const ofSecond = await queue.asks(1, second, () => leave(first, queue.operator, queue.reader));
        expect(ofSecond).to.deep.equal({ Range: 0, Txn: 0 });
        await second.stop();
        await until(() => third.isLeader(), { what: 'the third to lead' });
        const ofFourth = await queue.asks(2, fourth, () => leave(third, queue.operator, queue.reader));
        expect(ofFourth).to.deep.equal({ Range: 0, Txn: 0 });
      });
    }

    it(`costs one read when it observes nobody, and so has not heard that it is second: ${peer}`, async () => {
      const queue = new MixedQueue(join);
      const first = await queue.theirs('theirs 1');
      const second = await queue.theirs('theirs 2');
      const third = await queue.ours(1, { observe: false });
      await first.leave();
      await until(() => second.isLeader(), { what: 'the second to lead' });
      expect(await queue.asks(1, third, () => second.leave())).to.deep.equal({ Range: 1, Txn: 0 });
    });

    it(`costs no read when it observes nobody and has joined as the second: ${peer}`, async () => {
      const queue = new MixedQueue(join);
      const first = await queue.theirs('theirs 1');
      const second = await queue.ours(1, { observe: false });
      await until(() => first.isLeader(), { what: 'the first to lead' });
      expect(await queue.asks(1, second, () => first.leave())).to.deep.equal({ Range: 0, Txn: 0 });
    });
  }
});
