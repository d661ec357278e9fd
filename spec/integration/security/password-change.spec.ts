import { expect } from 'chai';
import { createClient, type Election } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { candidate, joinInOrder, leading } from '../../support/candidates.js';
import { nextRefresh, refreshed } from '../../support/security/refreshes.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { jsonWebTokens, LONG_TOKEN_TTL, simpleTokens } from '../../support/security/tokens.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

/** Seconds. A refresh that etcd refuses comes within 8 s, and the renew deadline 10 s later. */
const TTL = 24;

// The tokens live so long that nothing but the change of the password makes them useless.
const kinds = { 'simple tokens': simpleTokens(LONG_TOKEN_TTL), 'JSON web tokens': jsonWebTokens(LONG_TOKEN_TTL) };

for (const [kind, tokens] of Object.entries(kinds)) {
  describe(`with ${kind} and a password that is changed, an election`, () => {
    const secured = securedCluster({ flags: tokens.flags });
    after(() => tokens.remove());

    /** Two candidates of one user, of which the first leads, each with a client that asks for the password. */
    async function twoInOrder() {
      const { access, hosts } = secured();
      const name = uniqueName();
      const { username, password } = await access.user(name, name);
      await access.allow(name, name);
      const secret = { password };
      const auth = { username, password: async () => secret.password };
      const join = (value: string): Election =>
        candidate(tracked(createClient({ hosts, auth })), name, { value, ttl: TTL });
      const [a, b] = [join('a'), join('b')];
      const story = tell({ a, b });
      await joinInOrder(a, b);
      const setPassword = (next: string): Promise<void> => access.setPassword(username, next);
      return { a, b, story, secret, setPassword };
    }

    type Two = Awaited<ReturnType<typeof twoInOrder>>;

    /** The leader has led on, with refreshes under the new password, and hands over. */
    async function goesOn({ a, b, story }: Two): Promise<void> {
      await Promise.all([refreshed(a, 2), refreshed(b)]);
      await a.proclaim('a2');
      await until(() => b.currentLeader() === 'a2', { what: 'b to hear of it' });
      expect(await (await leading(a)).verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected']);
      await a.stop();
      expect(await (await leading(b)).verify()).to.equal(true);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
    }

    async function functionFirst(two: Two): Promise<void> {
      two.secret.password = 'another';
      await two.setPassword('another');
      await goesOn(two);
    }

    /** Until the function gives the new password, etcd refuses what is asked of it. */
    async function etcdFirst(two: Two): Promise<void> {
      const { a, secret, setPassword } = two;
      await setPassword('another');
      const refused = await a.proclaim('too early').then(
        () => 'nothing',
        ({ code }) => code,
      );
      expect(refused).to.equal('PERMISSION_DENIED');
      expect(await nextRefresh(a)).to.be.oneOf(['PERMISSION_DENIED', 'refreshed']);
      secret.password = 'another';
      await goesOn(two);
    }

    it('keeps its leader, refresh by refresh, whether etcd or the function has the new one first', async () => {
      const [one, other] = [await twoInOrder(), await twoInOrder()];
      await atOnce({ 'the function first': () => functionFirst(one), 'etcd first': () => etcdFirst(other) });
    });
  });
}
