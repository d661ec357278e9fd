import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { candidate, leading, openClient } from '../support/candidates.js';
import { etcd3s, etcdctlListens, etcdctls } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('who leads in a mixed queue, and what the leader proclaims,', () => {
  const cluster = sharedCluster();

  /** Collects what `observe()` and the `leader` events of an election of ours say, each in their order. */
  function hearing(election: Election): { observed: string[]; events: string[] } {
    const over = new AbortController();
    tracked({ close: () => over.abort() });
    const [observed, events]: [string[], string[]] = [[], []];
    void (async () => {
      for await (const leader of election.observe({ signal: over.signal })) observed.push(leader?.value ?? 'nobody');
    })();
    election.on('leader', (value) => events.push(value ?? 'nobody'));
    return { observed, events };
  }

  async function heard(list: () => readonly string[], wanted: readonly string[]): Promise<void> {
    await until(() => list().join() === wanted.join(), { what: `${wanted}` }).catch((err: Error) => {
      throw new Error(`${err.message}; heard: ${list()}`);
    });
  }

  it('is heard by `etcdctl elect --listen` from our candidates', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const [a, b] = ['a', 'b'].map((value) => candidate(hosts, name, { value })) as [Election, Election];
    await leading(a);
    const listener = await etcdctlListens(hosts, name);
    await heard(listener, ['a']);
    await a.proclaim('a2');
    await heard(listener, ['a', 'a2']);
    b.start();
    await until(() => b.state === 'waiting', { what: 'b to wait' });
    await a.stop();
    await heard(listener, ['a', 'a2', 'b']);
  });

  it('is heard by our observe() and `leader` events from candidates of etcdctl', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const first = await etcdctls(hosts, name, 'etcdctl');
    await until(() => first.isLeader(), { what: 'etcdctl to lead' });
    const own = candidate(hosts, name, { value: 'own' });
    const { observed, events } = hearing(own);
    own.start();
    await heard(() => observed, ['etcdctl']);
    await heard(() => events, ['etcdctl']);
    const second = await etcdctls(hosts, name, 'etcdctl too');
    await until(async () => (await own.candidates()).length === 3, { what: 'three to queue' });
    await first.leave();
    await heard(() => observed, ['etcdctl', 'own']);
    await until(() => own.isLeader(), { what: 'our candidate to be elected, which its observer may hear of before' });
    await own.stepDown();
    await heard(() => observed, ['etcdctl', 'own', 'etcdctl too']);
    await heard(() => events, ['etcdctl', 'own', 'etcdctl too']);
    await second.leave();
    await heard(() => observed, ['etcdctl', 'own', 'etcdctl too', 'own']);
  });

  it('is heard by etcd3’s observe() from our candidates', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const [a, b] = ['a', 'b'].map((value) => candidate(hosts, `election/${name}`, { value })) as [Election, Election];
    await leading(a);
    const observer = await openClient(hosts).election(name).observe();
    tracked({ close: () => observer.cancel() });
    expect(observer.leader()).to.equal('a');
    await a.proclaim('a2');
    await until(() => observer.leader() === 'a2', { what: 'a2 to be observed' });
    b.start();
    await until(() => b.state === 'waiting', { what: 'b to wait' });
    await a.stop();
    await until(() => observer.leader() === 'b', { what: 'b to be observed' });
  });

  it('is heard by our observe() and `leader` events from candidates of etcd3', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const first = etcd3s(openClient(hosts), name, 'etcd3');
    await until(() => first.isLeader(), { what: 'etcd3 to lead' });
    const own = candidate(hosts, `election/${name}`, { value: 'own' });
    const { observed, events } = hearing(own);
    own.start();
    await heard(() => observed, ['etcd3']);
    await heard(() => events, ['etcd3']);
    await first.proclaim('etcd3, new');
    await heard(() => observed, ['etcd3', 'etcd3, new']);
    await first.leave();
    await heard(() => observed, ['etcd3', 'etcd3, new', 'own']);
    await heard(() => events, ['etcd3', 'etcd3, new', 'own']);
  });
});
