import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { FakeElection, type LossCode } from '../../lib/testing.js';
import { candidate, openClient, queued } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { type Chapter, record } from '../support/story.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const CHAPTERS: readonly Chapter[] = ['elected', 'unelected', 'leader'];
/** So long that a busy machine brings no other loss than the one that is made. */
const TTL = 5;

/**
 * What an application sees: tokens differ, of course. The terms and the leaders each have their order; between the two it
 * is two replies of etcd that race. So does the reply that tells a revoked lease from a deleted key, with 50 ms.
 */
const read = (story: readonly string[]): Record<'terms' | 'leaders', string[]> => {
  const lines = story.map((line) => line.replace(/ with token \d+/, '').replace('LEASE_LOST', 'KEY_DELETED'));
  const isLeader = (line: string): boolean => line.startsWith('leader');
  return { terms: lines.filter((line) => !isLeader(line)), leaders: lines.filter(isLeader) };
};

describe('FakeElection tells the story that the real election tells', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('fake');
  });

  const fake = (): FakeElection => tracked(new FakeElection(name, { value: 'me', ttl: TTL }));

  const told = async (story: string[], lines: number): Promise<void> => {
    await until(() => story.length >= lines, { what: `${lines} events` });
  };

  it('when it is elected after another, and stopped', async () => {
    const another = candidate(cluster().hosts, name, { value: 'another' });
    await queued(another);
    const real = candidate(cluster().hosts, name, { value: 'me' });
    const story = record(real, CHAPTERS);
    await queued(real);
    await until(() => story.length === 1, { what: 'the leader to be told' });
    await another.stop();
    await real.elected();
    await told(story, 3);
    await real.stop();

    const double = fake();
    const doubled = record(double, CHAPTERS);
    double.start();
    await double.setLeader('another');
    await double.elect();
    await double.stop();

    expect(read(doubled)).to.deep.equal(read(story));
  });

  const losses: Readonly<Record<LossCode, (real: Election, proxy: TcpProxy) => Promise<unknown>>> = {
    KEY_DELETED: async (real) =>
      openClient(cluster().hosts)
        .delete()
        .key(real.leadership?.key ?? ''),
    LEASE_LOST: async (real) => {
      const ID = BigInt(`0x${real.leadership?.leaseId}`).toString();
      return openClient(cluster().hosts).leaseClient.leaseRevoke({ ID });
    },
    STEPPED_DOWN: async (real) => real.stepDown(),
    LEASE_EXPIRED: async (real, proxy) => {
      proxy.blackhole();
      await until(() => !real.isLeader(), { what: 'the deadline to pass' });
      proxy.restore();
    },
  };

  for (const [code, lose] of Object.entries(losses) as [LossCode, (typeof losses)[LossCode]][]) {
    it(`when leadership is lost with ${code} while another waits, and when that one has gone`, async () => {
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const real = candidate(proxy.hosts, name, { value: 'me', ttl: TTL });
      const story = record(real, CHAPTERS);
      await queued(real);
      const another = candidate(cluster().hosts, name, { value: 'another' });
      await queued(another);
      await lose(real, proxy);
      await another.elected();
      await until(() => real.state === 'waiting', { what: 'the loser to queue again' });
      await told(story, 4);
      await another.stop();
      await told(story, 6);

      const double = fake();
      const doubled = record(double, CHAPTERS);
      double.start();
      await double.elect();
      await double.depose(code);
      await double.elect();

      expect(read(doubled)).to.deep.equal(read(story));
    });
  }
});
