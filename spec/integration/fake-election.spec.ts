import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { Election } from '../../lib/index.js';
import { FakeElection, type LossCode } from '../../lib/testing.js';
import { candidate, openClient, queued } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { type Chapter, record } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const CHAPTERS: readonly Chapter[] = ['elected', 'unelected', 'leader'];
/** So long that a busy machine brings no other loss than the one that is made. */
const TTL = 12;

type Comparison = [...Parameters<DropKey<Etcd3['if']>>, name?: string];
type DropKey<F> = F extends (key: never, ...rest: infer R) => unknown ? (...rest: R) => void : never;

/**
 * What an application sees, without the tokens, which differ. The terms and the leaders each have their order. Between
 * the two, two replies of etcd race. So does the reply that tells a revoked lease from a deleted key, with 50 ms.
 */
const read = (story: readonly string[]): Record<'terms' | 'leaders', string[]> => {
  const lines = story.map((line) => line.replace(/ with token \d+/, '').replace('LEASE_LOST', 'KEY_DELETED'));
  const isLeader = (line: string): boolean => line.startsWith('leader');
  return { terms: lines.filter((line) => !isLeader(line)), leaders: lines.filter(isLeader) };
};

describe('FakeElection', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('fake');
  });

  const fake = (): FakeElection => tracked(new FakeElection(name, { value: 'me', ttl: TTL }));

  const told = async (story: string[], lines: number): Promise<void> => {
    await until(() => story.length >= lines, { what: `${lines} events` });
  };

  it('tells the same when it is elected after another, and stopped', async () => {
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
    it(`tells the story of the real election when it loses leadership with ${code} while another waits`, async () => {
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

describe("FakeElection's client", () => {
  const cluster = sharedCluster();

  /** Builds on a client, and answers with what can be compared: revisions differ. */
  const stories: Readonly<Record<string, (etcd: Etcd3, key: (name: string) => string) => Promise<unknown>>> = {
    'a write, a read, a deletion': async (etcd, key) => [
      await etcd.get(key('a')).string(),
      (await etcd.put(key('a')).value('1').getPrevious())?.value?.toString(),
      (await etcd.put(key('a')).value('2').getPrevious())?.value?.toString(),
      await etcd.get(key('a')).string(),
      (await etcd.delete().key(key('a'))).deleted,
      (await etcd.delete().key(key('a'))).deleted,
    ],
    'reads of many keys': async (etcd, key) => {
      for (const name of ['b', 'a', 'c']) await etcd.put(key(name)).value(`value of ${name}`);
      await etcd.put(key('b')).value('newer');
      const all = etcd.getAll().prefix(key(''));
      return [
        Object.values(await all.strings()),
        await etcd.getAll().prefix(key('')).count(),
        Object.values(await etcd.getAll().prefix(key('')).sort('Mod', 'Descend').limit(2).strings()),
        Object.values(await etcd.getAll().prefix(key('')).sort('Create', 'Ascend').strings()),
        (await etcd.get(key('b')).exec()).kvs.map(({ version }) => version),
        (await etcd.delete().prefix(key(''))).deleted,
      ];
    },
    'transactions that compare': async (etcd, key) => {
      await etcd.put(key('a')).value('1');
      await etcd.put(key('a')).value('2');
      const { create_revision = '', mod_revision = '' } = (await etcd.get(key('a')).exec()).kvs[0] ?? {};
      const isTrue = async (...[column, result, value, name = 'a']: Comparison): Promise<boolean> =>
        (
          await etcd
            .if(key(name), column, result, value)
            .then(etcd.get(key('a')))
            .commit()
        ).succeeded;
      return [
        await isTrue('Value', '==', '2'),
        await isTrue('Value', '<', '10'),
        await isTrue('Value', '!=', 'x', 'missing'),
        await isTrue('Version', '==', 2),
        await isTrue('Version', '==', 0, 'missing'),
        await isTrue('Create', '==', create_revision),
        await isTrue('Create', '>', create_revision),
        await isTrue('Create', '==', 0, 'missing'),
        await isTrue('Mod', '>', create_revision),
        await isTrue('Mod', '!=', mod_revision),
        await isTrue('Lease', '==', 0),
      ];
    },
    'transactions that write, read and delete': async (etcd, key) => {
      const commit = async (wanted: number): Promise<unknown> => {
        const { succeeded, responses } = await etcd
          .if(key('a'), 'Version', '==', wanted)
          .then(etcd.put(key('a')).value('new'), etcd.get(key('a')), etcd.delete().key(key('b')))
          .else(etcd.get(key('a')), etcd.put(key('b')).value('else'))
          .commit();
        const read = responses.flatMap(({ response_range: range }) => (range ? range.kvs : []));
        const deleted = responses.flatMap(({ response_delete_range: range }) => (range ? [range.deleted] : []));
        return [succeeded, read.map(({ value, version }) => `${value} ${version}`), deleted];
      };
      return [await commit(7), await commit(0), await commit(1), await etcd.get(key('b')).string()];
    },
  };

  for (const [what, story] of Object.entries(stories)) {
    it(`answers as etcd does to ${what}`, async () => {
      const prefix = uniqueName('fake');
      const key = (name: string): string => `${prefix}/${name}`;
      const real = await story(openClient(cluster().hosts), key);
      const fake = await story(new FakeElection('jobs').etcd, key);
      expect(fake).to.deep.equal(real);
    });
  }
});
