import { expect } from 'chai';
import { Range } from 'etcd3';
import type { Election } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { CLIENTS, candidate, joinInOrder, leading, queued } from '../../support/candidates.js';
import { type Access, trackedClient } from '../../support/security/access.js';
import { nextRefresh, refreshed } from '../../support/security/refreshes.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { jsonWebTokens, LONG_TOKEN_TTL, simpleTokens } from '../../support/security/tokens.js';
import { type Chapter, tell } from '../../support/story.js';
import { uniqueName } from '../../support/unique-name.js';

const EVERYTHING: readonly Chapter[] = ['elected', 'unelected', 'suspended', 'resumed', 'error'];
/** Seconds. `suspended` is told when a refresh is not answered within 4 s: a busy machine has that. */
const TTL = 24;

/** Who is who in one case: a user, the role of this user, and the election, all of one name. */
interface Changed {
  readonly access: Access;
  readonly name: string;
}

/** What an administrator does while a candidate leads and another one waits. The user keeps all that it needs. */
const CHANGES: Readonly<Record<string, (changed: Changed) => Promise<unknown>>> = {
  'other users and roles are created': async ({ access, name }) => {
    await access.user(`${name}-other`, `${name}-other`);
    await access.user(`${name}-third`, `${name}-third`);
  },

  'a permission that is not needed is granted to the role and revoked': async ({ access, name }) => {
    const more = { permission: 'Read', range: new Range(`${name}-more/`, `${name}-more0`) } as const;
    await access.root.role(name).grant(more);
    await access.root.role(name).revoke(more);
  },

  'the user gets another role and loses it again': async ({ access, name }) => {
    await access.root.role(`${name}-more`).create();
    await access.root.user(name).addRole(`${name}-more`);
    await access.root.user(name).removeRole(`${name}-more`);
  },

  'the user is moved to another role of the same permissions': async ({ access, name }) => {
    await access.root.role(`${name}-next`).create();
    await access.allow(`${name}-next`, name);
    await access.root.user(name).addRole(`${name}-next`);
    await access.root.user(name).removeRole(name);
  },
};

// The tokens live so long that nothing but the changes makes them useless.
const kinds = { 'simple tokens': simpleTokens(LONG_TOKEN_TTL), 'JSON web tokens': jsonWebTokens(LONG_TOKEN_TTL) };

for (const [kind, tokens] of Object.entries(kinds)) {
  describe(`with ${kind} and users and roles that are changed, an election`, () => {
    const secured = securedCluster({ flags: tokens.flags });
    after(() => tokens.remove());

    /** Two candidates of one user, each with a client of its own. */
    async function pair(client: (typeof CLIENTS)[number]) {
      const { access, hosts } = secured();
      const name = uniqueName();
      const auth = await access.user(name, name);
      await access.allow(name, name);
      const join = (value: string): Election =>
        candidate(trackedClient(client, { hosts, auth }), name, { value, ttl: TTL });
      return { access, name, a: join('a'), b: join('b') };
    }

    type Pair = Awaited<ReturnType<typeof pair>>;

    /** The leader leads on by what etcd has granted since the change, and hands over to and fro. */
    async function goesOn({ a, b }: Pair): Promise<void> {
      await Promise.all([refreshed(a, 2), refreshed(b)]);
      await a.proclaim('a2');
      expect(await (await leading(a)).verify()).to.equal(true);
      await a.stepDown();
      expect(await (await leading(b)).verify()).to.equal(true);
      await queued(a);
      await b.stop();
      await leading(a);
    }

    const HANDOVERS = ['a elected', 'a unelected: STEPPED_DOWN', 'b elected', 'b unelected: STOPPED', 'a elected'];

    async function keepsAll(its: Pair, change: (changed: Changed) => Promise<unknown>): Promise<void> {
      const { a, b } = its;
      const story = tell({ a, b }, EVERYTHING);
      await joinInOrder(a, b);
      await change(its);
      await goesOn(its);
      expect(story).to.deep.equal(HANDOVERS);
    }

    /** For the time of a refresh. */
    async function losesRole(its: Pair): Promise<void> {
      const { access, name, a, b } = its;
      const story = tell({ a, b });
      await joinInOrder(a, b);
      await access.root.user(name).removeRole(name);
      const refused = await a.proclaim('without a role').then(
        () => 'nothing',
        ({ code }) => code,
      );
      expect(refused).to.equal('PERMISSION_DENIED');
      expect(await nextRefresh(a)).to.be.oneOf(['PERMISSION_DENIED', 'refreshed']);
      await access.root.user(name).addRole(name);
      await goesOn(its);
      expect(story).to.deep.equal(HANDOVERS);
    }

    it('leads on, refresh by refresh, and hands over, without an error unless it loses its role', async () => {
      const cases: Record<string, () => Promise<void>> = {};
      for (const client of CLIENTS) {
        for (const [what, change] of Object.entries(CHANGES)) {
          const its = await pair(client); // all are there before the first case begins
          cases[`${what}, on ${client}`] = () => keepsAll(its, change);
        }
        const its = await pair(client);
        cases[`the user loses its role and gets it back, on ${client}`] = () => losesRole(its);
      }
      await atOnce(cases);
    });
  });
}
