import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient, type Election } from '../../../lib/index.js';
import { candidate, joinInOrder, leading } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { Authority } from '../../support/security/certificates.js';
import { refreshed } from '../../support/security/refreshes.js';
import { RenewableFiles } from '../../support/security/renewable-files.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { SOON, until } from '../../support/wait.js';

/**
 * Seconds. Refreshes come every 8 s. etcd 3.5 takes seconds to stop, and a refresh that is late for that reason has
 * 10 s more until the renew deadline.
 */
const TTL = 24;

describe('when certificates are renewed, an election', () => {
  it('keeps its leader while authority, certificates and keys change, member by member', async function () {
    this.timeout(12 * SOON);
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
    const join = (value: string): Election => candidate(connect(), name, { value, ttl: TTL });
    const [a, b] = [join('a'), join('b')];
    const story = tell({ a, b });
    const bothRefreshed = (): Promise<unknown> => Promise.all([refreshed(a), refreshed(b)]);
    await joinInOrder(a, b);

    servers.renew(await after.client('member'));
    clients.renew(await after.client());
    await bothRefreshed(); // no member has been restarted: those who ask and those who answer keep the old ones
    for (const member of cluster.members) {
      await member.restart();
      const taken = (): boolean => news.filter((text) => text === 'a member takes the new certificates').length >= 2;
      await until(taken, { what: `both clients to have taken ${member.name}` });
      news.length = 0;
      await bothRefreshed();
      expect(story).to.deep.equal(['a elected']);
    }
    expect(await (await leading(a)).verify()).to.equal(true);
    expect(story).to.deep.equal(['a elected']);

    await a.stop();
    await leading(b);
    const c = join('c'); // its client was made with the renewed files
    await joinInOrder(c);
    await Promise.all([refreshed(b), refreshed(c)]);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
  });
});
