import { expect } from 'chai';
import { Election, Session } from '../../../lib/index.js';
import { deleteKey } from '../../support/by-hand.js';
import { CLIENTS, candidate, joinInOrder, leading, openClient } from '../../support/candidates.js';
import { GrpcProxy } from '../../support/cluster/grpc-proxy.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { ownCluster } from '../../support/own-cluster.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { BUSY, until } from '../../support/wait.js';

const RUNS = 5;

/** Milliseconds. A deadline or a stream that is opened anew would take most runs longer. */
const BEFORE_ANY_DEADLINE = 2_000;

/** The best of a few runs tells what a proxy costs; a busy machine may delay each of the others. */
function expectSoonBehind(behind: readonly number[], direct: readonly number[], atMost: number): void {
  expect(Math.min(...behind)).to.be.below(Math.min(...direct) + atMost);
  const median = [...behind].sort((a, b) => a - b)[Math.floor(RUNS / 2)];
  expect(median).to.be.below(Math.min(...direct) + BEFORE_ANY_DEADLINE);
  expect(Math.max(...behind)).to.be.below(Math.min(...direct) + atMost + BUSY);
}

describe('behind `etcd grpc-proxy`, which numbers watches itself', () => {
  const cluster = ownCluster();
  const throughProxy = async (): Promise<string[]> => [tracked(await GrpcProxy.start(cluster())).host];

  for (const client of CLIENTS) {
    it(`a leader hears of its key's deletion at most 200 ms later than without a proxy, with ${client}`, async () => {
      const operator = openClient(cluster().hosts);
      const deletions = async (hosts: readonly string[]): Promise<number[]> => {
        const took: number[] = [];
        for (let run = 0; run < RUNS; run += 1) {
          const leader = candidate(hosts, uniqueName(), { client });
          const story = tell({ leader });
          const { key } = await leading(leader);
          const since = stopwatch();
          await deleteKey(operator, key);
          await until(() => story.length >= 2, { what: 'the end of the term' });
          took.push(since());
          expect(story[1]).to.equal('leader unelected: KEY_DELETED');
        }
        return took;
      };
      const [direct, behind] = [await deletions(cluster().hosts), await deletions(await throughProxy())];
      figure('deletion to unelected without a proxy', ...direct);
      figure('deletion to unelected behind a proxy', ...behind);
      expectSoonBehind(behind, direct, 200);
    });
  }

  it('the next candidate is elected as soon as without, and half a second at the most', async () => {
    const handovers = async (hosts: readonly string[]): Promise<number[]> => {
      const took: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const name = uniqueName();
        const [leader, next] = [candidate(hosts, name), candidate(hosts, name)];
        await joinInOrder(leader, next);
        const since = stopwatch();
        const stopped = leader.stop();
        await leading(next);
        took.push(since());
        await stopped;
      }
      return took;
    };
    const [direct, behind] = [await handovers(cluster().hosts), await handovers(await throughProxy())];
    figure('handover without a proxy', ...direct);
    figure('handover behind a proxy', ...behind);
    expectSoonBehind(behind, direct, 500);
  });

  it('everybody hears what the leader proclaims', async () => {
    const hosts = await throughProxy();
    const name = uniqueName();
    const [leader, other] = [candidate(hosts, name, { value: 'a' }), candidate(hosts, name, { value: 'b' })];
    const story = tell({ other }, ['leader']);
    await joinInOrder(leader, other);
    await until(() => story.length === 1, { what: 'the leader' });
    await leader.proclaim('changed');
    await until(() => story.length === 2, { what: 'the proclaimed value' });
    expect(story).to.deep.equal(['other leader: a', 'other leader: changed']);
  });

  it('clients behind one proxy that watch the same go on reading while nothing changes', async () => {
    const [hosts, name] = [await throughProxy(), uniqueName()];
    const all = ['a', 'b', 'c'].map((value) => candidate(hosts, name, { value }));
    await joinInOrder(...all);
    const wrong: string[] = [];
    for (const election of all) election.on('error', ({ message }) => wrong.push(message));
    const observers = times(3).map(() => openClient(hosts));
    for (const client of observers) {
      const seen = new Election(client, name).observe()[Symbol.asyncIterator]();
      tracked({ close: async () => void (await seen.return?.()) });
      expect((await seen.next()).value?.value).to.equal('a');
    }
    for (let round = 0; round < 3; round++) {
      for (const election of all) {
        expect((await election.candidates()).map(({ value }) => value)).to.deep.equal(['a', 'b', 'c']);
      }
      expect(await all[0]?.leadership?.verify()).to.equal(true);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('a deletion ends only the elections whose keys were deleted, out of many on one session', async () => {
    const session = tracked(new Session(openClient(await throughProxy())));
    const operator = openClient(cluster().hosts);
    const elections = times(40).map(() => candidate(session, uniqueName()));
    const terms = await Promise.all(elections.map((election) => leading(election)));
    const lost: number[] = [];
    const others: string[] = [];
    for (const [at, election] of elections.entries()) {
      election.on('unelected', (_, reason) => {
        if (reason.code === 'KEY_DELETED') lost.push(at);
        else others.push(`${at}: ${reason.message}`);
      });
    }
    const chosen = times(elections.length).filter((at) => at % 7 === 3);
    for (const at of chosen) await deleteKey(operator, terms[at]?.key ?? '');
    await until(() => lost.length === chosen.length, { what: 'the deletions' });
    await Promise.all(chosen.map((at) => leading(elections[at] as Election)));
    expect([lost.sort((one, other) => one - other), others]).to.deep.equal([chosen, []]);
  });
});
