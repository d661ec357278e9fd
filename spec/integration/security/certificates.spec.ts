import { expect } from 'chai';
import type { IOptions } from 'etcd3';
import type { Election, ElectionError } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { CLIENTS, type ClientKind, candidate, joinInOrder, leading } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { trackedClient } from '../../support/security/access.js';
import { Authority, type ClientCertificate } from '../../support/security/certificates.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

describe('on a cluster that asks clients for a certificate, an election', () => {
  let authority: Authority;
  let cluster: Cluster;
  let hosts: string[];

  before(async function () {
    this.timeout(120_000);
    authority = await Authority.create();
    cluster = await Cluster.start({ tls: await authority.member() });
    hosts = [...cluster.hosts];
  });

  after(async () => {
    await cluster?.stop();
    authority?.close();
  });

  /** By address, and where a runtime does not take an address as the name of a server (Node.js 26) by name. */
  const hostsFor = (kind: ClientKind, from = hosts): string[] =>
    kind === 'createClient' ? from : from.map((host) => host.replace('127.0.0.1', 'localhost'));

  for (const kind of CLIENTS) {
    it(`elects, hands over and observes with \`credentials\`: ${kind}`, async () => {
      const name = uniqueName();
      const credentials = await authority.client();
      const join = (value: string): Election =>
        candidate(trackedClient(kind, { hosts: hostsFor(kind), credentials }), name, { value });
      const [a, b] = [join('a'), join('b')];
      const story = tell({ a, b }, ['elected', 'unelected', 'error']);
      await joinInOrder(a, b);
      await until(() => b.currentLeader() === 'a', { what: 'b to hear of a' });
      await a.stop();
      const term = await leading(b);
      expect(await term.verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
    });
  }

  const refused = [
    ['without a certificate', /bad certificate|certificate required/, () => withCertificate({})],
    [
      'with a certificate of another authority',
      /bad certificate|unknown/,
      async () => withCertificate(await strange()),
    ],
    ['that does not know the authority', /unable to verify the first certificate/, () => ({ hosts })],
    ['that does not speak TLS', /Failed to connect/, () => ({ hosts: hosts.map((h) => h.replace('https:', 'http:')) })],
  ] as const;

  it('says UNAVAILABLE and why when etcd does not let its client in, and tries on until it is stopped', async () => {
    const cases = refused.flatMap(([what, why, optionsOf]) =>
      CLIENTS.map((kind) => {
        const test = async (): Promise<void> => {
          const options = await optionsOf();
          const a = candidate(trackedClient(kind, { ...options, hosts: hostsFor(kind, options.hosts) }), uniqueName());
          const errors: ElectionError[] = [];
          a.on('error', (err) => errors.push(err));
          a.start();
          // On a busy machine the first attempt may end without an answer, before there is a reason.
          const isTold = (): boolean => errors.length > 1 && errors.some(({ message }) => why.test(message));
          await until(isTold, { within: 60_000, what: `${why} to be told, and something again` });
          for (const { code } of errors) expect(code).to.equal('UNAVAILABLE');
          expect(errors[0]?.message).to.match(/^etcd did not grant a lease \(.+\): trying again$/);
          expect(a.state).to.equal('joining');
          await a.stop();
          expect(a.state).to.equal('idle');
        };
        return [`${what}, on ${kind}`, test] as const;
      }),
    );
    await atOnce(Object.fromEntries(cases));
  });

  function withCertificate(own: Partial<ClientCertificate>): IOptions & { readonly hosts: string[] } {
    return { hosts, credentials: { ...own, rootCertificate: authority.certificate } };
  }

  async function strange(): Promise<ClientCertificate> {
    return await tracked(await Authority.create()).client();
  }
});
