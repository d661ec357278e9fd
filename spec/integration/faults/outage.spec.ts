import { expect } from 'chai';
import { CLIENTS, candidate, leading } from '../../support/candidates.js';
import { figure, stopwatch } from '../../support/figures.js';
import { ownCluster } from '../../support/own-cluster.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { BUSY, pause, SOON, until } from '../../support/wait.js';

/** Milliseconds: longer than any pause between two attempts. It lasts longer until all have told of it twice. */
const OUTAGE = 22_000;
/** Milliseconds. */
const FIRST_WITHIN = 5_000 + BUSY;
const SECOND_WITHIN = 17_500 + BUSY;
/** Milliseconds after the first error: a third one would come at a shorter interval before this. */
const THIRD_AFTER = 30_000;
const ELECTED_WITHIN = { createClient: 3_000 + BUSY, 'a plain Etcd3': 8_000 + BUSY } as const;

describe('while etcd is down', () => {
  const cluster = ownCluster();

  it(`candidates say so at growing intervals, and lead soon after: ${OUTAGE / 1_000} s`, async function () {
    this.timeout(4 * SOON);
    const silent = tracked(await TcpProxy.to(cluster().hosts));
    silent.blackhole();
    await Promise.all(cluster().members.map((member) => member.kill()));

    const since = stopwatch();
    const all = CLIENTS.flatMap((client) =>
      [
        { what: 'refused', hosts: cluster().hosts },
        { what: 'refused, one host', hosts: cluster().hosts.slice(0, 1) },
        { what: 'silent', hosts: silent.hosts },
      ].map(({ what, hosts }) => {
        const election = candidate(hosts, uniqueName(), { client });
        const errors: { code: string; at: number }[] = [];
        election.on('error', ({ code }) => errors.push({ code, at: since() }));
        election.start();
        return { what: `${what}, with ${client}`, client, election, errors };
      }),
    );
    await pause(OUTAGE);
    await until(() => all.every(({ errors }) => errors.length >= 2), {
      what: 'two errors of each',
      within: FIRST_WITHIN + SECOND_WITHIN - OUTAGE,
    });
    for (const { what, errors } of all) {
      expect(new Set(errors.map(({ code }) => code)), what).to.deep.equal(new Set(['UNAVAILABLE']));
      const [first = Number.NaN, second = Number.NaN, ...others] = errors.map(({ at }) => at);
      figure(`${what}: first error`, first);
      figure(`${what}: second error`, second);
      expect(first, `${what}: first error`).to.be.below(FIRST_WITHIN);
      expect(second - first, `${what}: from the first error to the second`).to.be.within(10_000, SECOND_WITHIN);
      const early = others.filter((at) => at - first < THIRD_AFTER);
      expect(early, `${what}: further errors`).to.deep.equal([]);
    }

    for (const member of cluster().members) member.launch();
    await cluster().healthy();
    silent.restore();
    const up = stopwatch();
    await Promise.all(
      all.map(async ({ what, client, election }) => {
        await leading(election);
        figure(`${what}: etcd up to elected`, up());
        expect(up(), what).to.be.below(ELECTED_WITHIN[client]);
      }),
    );
  });

  it('a candidate can be stopped at once, and leaves nothing behind', async () => {
    await Promise.all(cluster().members.map((member) => member.kill()));
    for (const client of CLIENTS) {
      const election = candidate(cluster().hosts, uniqueName(), { client, releaseTimeout: 200 });
      let errors = 0;
      election.on('error', () => errors++);
      election.start();
      await until(() => errors > 0, { what: 'an error' });
      const since = stopwatch();
      await election.stop();
      expect(since()).to.be.below(200 + 1_000 + BUSY);
      expect(election.state).to.equal('idle');
    }
  });
});
