import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient, type Election } from '../../../lib/index.js';
import { candidate, joinInOrder, leading } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { Authority } from '../../support/security/certificates.js';
import { RenewableFiles } from '../../support/security/renewable-files.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { jsonWebTokens, simpleTokens, tokensExpire } from '../../support/security/tokens.js';
import { type Chapter, tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { SOON, until } from '../../support/wait.js';

const TERMS: readonly Chapter[] = ['elected', 'unelected'];

describe('when certificates are renewed, an election', () => {
  it('keeps its leader while authority, certificates and keys change, member by member', async function () {
    this.timeout(6 * SOON);
    const [before, after] = [tracked(await Authority.create()), tracked(await Authority.create())];
    const servers = tracked(new RenewableFiles(await before.client('member')));
    const clients = tracked(new RenewableFiles(await before.client()));
    const { ca, cert, key } = servers;
    const cluster = tracked(await Cluster.start({ tls: { ca, cert, key, clientAuth: true } }));
    const news: string[] = [];
    const say = (_: object, message: string): unknown => news.push(message);
    const logger = { debug: () => {}, info: say, warn: say, error: say };
    const connect = (): Etcd3 => tracked(createClient({ hosts: [...cluster.hosts], tls: clients, logger }));
    const name = uniqueName();
    // etcd 3.5 takes seconds to stop: on a busy machine refreshes are late by more than a short lease has.
    const join = (value: string): Election => candidate(connect(), name, { value, ttl: 60 });
    const [a, b] = [join('a'), join('b')];
    const story = tell({ a, b }, TERMS);
    await joinInOrder(a, b);

    servers.renew(await after.client('member'));
    clients.renew(await after.client());
    for (const member of cluster.members) {
      await member.restart();
      const taken = (): boolean => news.filter((text) => text === 'a member takes the new certificates').length >= 2;
      await until(taken, { what: `both clients to have taken ${member.name}` });
      news.length = 0;
    }
    expect(await (await leading(a)).verify()).to.equal(true);
    expect(story).to.deep.equal(['a elected']);

    await a.stop();
    await leading(b);
    const c = join('c'); // its client was made with the renewed files
    await joinInOrder(c);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
  });
});

for (const [kind, tokens] of Object.entries({ 'simple tokens': simpleTokens(), 'JSON web tokens': jsonWebTokens() })) {
  describe(`with passwords and ${kind}, an election`, () => {
    const secured = securedCluster({ flags: tokens.flags });
    after(() => tokens.remove());

    it('keeps its leader when the password is changed, and needs no other client', async () => {
      const { access, hosts } = secured();
      const name = uniqueName();
      const { username, password } = await access.user(name, name);
      await access.allow(name, name);
      const secret = { password };
      const auth = { username, password: async () => secret.password };
      const join = (value: string): Election =>
        candidate(tracked(createClient({ hosts, auth })), name, { value, ttl: 12 });
      const [a, b] = [join('a'), join('b')];
      const story = tell({ a, b }, ['elected', 'unelected', 'suspended', 'error']);
      await joinInOrder(a, b);

      secret.password = 'another';
      await access.root.user(username).setPassword(secret.password);
      await tokensExpire();
      await a.proclaim('a2');
      await until(() => b.currentLeader() === 'a2', { what: 'b to hear of it' });
      expect(await (await leading(a)).verify()).to.equal(true);
      await a.stop();
      expect(await (await leading(b)).verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
    });
  });
}
