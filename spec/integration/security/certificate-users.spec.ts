import { expect } from 'chai';
import { type ClientOptions, createClient, type Election } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { candidate, joinInOrder, leading, queued } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { Access } from '../../support/security/access.js';
import { Authority } from '../../support/security/certificates.js';
import { refreshed } from '../../support/security/refreshes.js';
import { RenewableFiles } from '../../support/security/renewable-files.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

/** Seconds: refreshes come every 5 s, and a leader that is cut off gives up within 11.25 s. */
const TTL = 15;

describe('on a cluster that takes clients for the user whose certificate they have, an election', () => {
  let authority: Authority;
  let cluster: Cluster;
  let access: Access;

  before(async function () {
    this.timeout(120_000);
    authority = await Authority.create();
    cluster = await Cluster.start({ tls: await authority.member(), flags: ['--bcrypt-cost=4'] });
    access = await Access.enable(cluster.hosts, await authority.client('root'));
  });

  after(async () => {
    access?.close();
    await cluster?.stop();
    authority?.close();
  });

  /** The two ways to give a certificate. */
  const ways: Readonly<Record<string, (user: string) => Promise<Pick<ClientOptions, 'credentials' | 'tls'>>>> = {
    credentials: async (user) => ({ credentials: await authority.client(user) }),
    tls: async (user) => ({ tls: tracked(new RenewableFiles(await authority.client(user))) }),
  };

  /** Two candidates, each as a user of its own, on connections of its own. */
  async function two(wayOf: (typeof ways)[string]) {
    const name = uniqueName();
    const join = async (value: string): Promise<{ election: Election; proxy: TcpProxy; role: string }> => {
      const user = `${name}-${value}`;
      await access.user(user, user);
      const proxy = tracked(await TcpProxy.to(cluster.hosts));
      const client = tracked(createClient({ hosts: [...proxy.hosts], ...(await wayOf(user)) }));
      return { election: candidate(client, name, { value, ttl: TTL }), proxy, role: user };
    };
    const [first, second] = [await join('a'), await join('b')];
    const allow = (of: { readonly role: string }): Promise<void> => access.allow(of.role, name);
    return { first, second, allow, story: tell({ a: first.election, b: second.election }) };
  }

  type Two = Awaited<ReturnType<typeof two>>;

  async function eachWay(test: (its: Two) => Promise<void>): Promise<void> {
    const cases: Record<string, () => Promise<void>> = {};
    for (const [way, wayOf] of Object.entries(ways)) {
      const its = await two(wayOf); // openssl is done before the first case begins
      cases[way] = () => test(its);
    }
    await atOnce(cases);
  }

  it('says PERMISSION_DENIED while the user has no permission, and elects once it has been granted', async () => {
    await eachWay(async ({ first, allow, story }) => {
      const errors: string[] = [];
      first.election.on('error', ({ code }) => errors.push(code));
      first.election.start();
      await until(() => errors.length > 0, { what: 'the refusal' });
      expect(errors[0]).to.equal('PERMISSION_DENIED');
      expect(story).to.deep.equal([]);
      await allow(first);
      await leading(first.election);
    });
  });

  it('keeps its leader over two refreshes, and hands over from one user to another and back', async () => {
    await eachWay(async ({ first, second, allow, story }) => {
      const [a, b] = [first.election, second.election];
      await allow(first);
      await allow(second);
      await joinInOrder(a, b);
      await until(() => b.currentLeader() === 'a', { what: 'b to hear of a' });
      await refreshed(a, 2);
      await a.stepDown();
      expect(await (await leading(b)).verify()).to.equal(true);
      await refreshed(b);
      await b.stop();
      expect(await (await leading(a)).verify()).to.equal(true);
      const handovers = ['a elected', 'a unelected: STEPPED_DOWN', 'b elected', 'b unelected: STOPPED', 'a elected'];
      expect(story).to.deep.equal(handovers);
    });
  });

  it('elects the other user when the lease of a leader that is cut off has ended, and takes it back', async () => {
    await eachWay(async ({ first, second, allow, story }) => {
      const [a, b] = [first.election, second.election];
      await allow(first);
      await allow(second);
      await joinInOrder(a, b);
      first.proxy.blackhole();
      expect(await (await leading(b)).verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected', 'a unelected: LEASE_EXPIRED', 'b elected']);
      first.proxy.restore();
      await queued(a);
      await b.stop();
      await leading(a);
      expect(story.slice(3)).to.deep.equal(['b unelected: STOPPED', 'a elected']);
    });
  });
});
