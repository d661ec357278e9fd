import { expect } from 'chai';
import { Election } from '../../../lib/index.js';
import { CLIENTS, type ClientKind, inOrder, leading, queued } from '../../support/candidates.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { clientOf } from '../../support/security/access.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { counted, jsonWebTokens, simpleTokens, TOKEN_TTL, tokensExpire } from '../../support/security/tokens.js';
import { uniqueName } from '../../support/shared-cluster.js';
import { type Chapter, tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { until } from '../../support/wait.js';

const EVERYTHING: readonly Chapter[] = ['elected', 'unelected', 'suspended', 'resumed', 'error'];
const EXPIRIES = 4;
/**
 * Seconds: a token does not live from one refresh to the next, and a refresh has time. `suspended` is told when a
 * refresh is not answered within a sixth of it, and on a busy machine two seconds were too few.
 */
const TTL = 24;

/** Runs a test with both clients at once, because most of the time is spent waiting for tokens to expire. */
function onEitherClient(test: (client: ClientKind) => Promise<void>): () => Promise<void> {
  const named = async (client: ClientKind): Promise<void> => {
    try {
      await test(client);
    } catch (err) {
      throw new Error(`on ${client}: ${err instanceof Error ? err.message : err}`, { cause: err });
    }
  };
  return async () => void (await Promise.all(CLIENTS.map(named)));
}

for (const [kind, tokens] of Object.entries({ 'simple tokens': simpleTokens(), 'JSON web tokens': jsonWebTokens() })) {
  describe(`with passwords and ${kind} that live ${TOKEN_TTL} s, an election`, () => {
    const secured = securedCluster({ flags: tokens.flags });
    after(() => tokens.remove());

    /**
     * Two candidates, each with a client of its own, of a user that may take part in this election and do nothing else.
     */
    async function pair(
      client: ClientKind,
      hosts = secured().hosts,
    ): Promise<{ a: Election; b: Election; name: string; fetched: () => number }> {
      const { access } = secured();
      const name = uniqueName();
      const { auth, fetched } = counted(await access.user(name, name));
      await access.allow(name, name);
      const join = (value: string): Election =>
        tracked(new Election(clientOf(client, { hosts, auth }), name, { value, ttl: TTL }));
      return { a: join('a'), b: join('b'), name, fetched };
    }

    it(
      `keeps its leader and hears of every change, ${EXPIRIES} expiries long`,
      onEitherClient(async (client) => {
        const { a, b, fetched } = await pair(client);
        const story = tell({ a, b }, EVERYTHING);
        const heard: (string | undefined)[] = [];
        b.on('leader', (value) => heard.push(value));
        await inOrder(a, b);
        const before = fetched();
        const wanted = ['a'];
        for (let i = 1; i <= EXPIRIES; i++) {
          await tokensExpire();
          await a.proclaim(`a${i}`);
          wanted.push(`a${i}`);
        }
        await until(() => heard.length === wanted.length, { what: `${wanted} to be heard` });
        expect(heard).to.deep.equal(wanted);
        expect(story).to.deep.equal(['a elected']);
        expect([a.isLeader(), b.state]).to.deep.equal([true, 'waiting']);
        if (!tokens.arePreserved) expect(fetched() - before, 'tokens fetched').to.be.at.least(EXPIRIES);
      }),
    );

    it(
      'hands over when the tokens of both have expired',
      onEitherClient(async (client) => {
        const { a, b } = await pair(client);
        const story = tell({ a, b }, EVERYTHING);
        await inOrder(a, b);
        await tokensExpire();
        await a.stepDown();
        await leading(b);
        await tokensExpire();
        await b.stop();
        await leading(a);
        expect(story).to.deep.equal([
          'a elected',
          'a unelected: STEPPED_DOWN',
          'b elected',
          'b unelected: STOPPED',
          'a elected',
        ]);
      }),
    );

    it(
      'hands over when its connections were cut after the tokens had expired',
      onEitherClient(async (client) => {
        const proxy = tracked(await TcpProxy.to(secured().hosts));
        const { a, b } = await pair(client, [...proxy.hosts]);
        const story = tell({ a, b });
        await inOrder(a, b);
        await tokensExpire();
        proxy.cut({ on: 'existing' });
        await a.stop();
        await leading(b);
        expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
      }),
    );

    it(
      'goes on being observed when the tokens have expired and the connections were cut',
      onEitherClient(async (client) => {
        const proxy = tracked(await TcpProxy.to(secured().hosts));
        const { a, b } = await pair(client, [...proxy.hosts]);
        await leading(a);
        const over = new AbortController();
        tracked({ close: () => over.abort() });
        const heard: string[] = [];
        const observing = (async () => {
          for await (const leader of b.observe({ signal: over.signal })) heard.push(leader?.value ?? 'nobody');
        })();
        await until(() => heard.length === 1, { what: 'the first leader to be observed' });
        await tokensExpire();
        proxy.cut({ on: 'existing' });
        await a.stop();
        await until(() => heard.length === 2, { what: 'nobody to be observed' });
        await tokensExpire();
        await leading(a);
        await until(() => heard.length === 3, { what: 'the leader to be observed again' });
        over.abort();
        await observing;
        expect(heard).to.deep.equal(['a', 'nobody', 'a']);
      }),
    );

    it(
      'goes on without an error when users and roles are changed',
      onEitherClient(async (client) => {
        const { access } = secured();
        const { a, b, name } = await pair(client);
        const story = tell({ a, b }, EVERYTHING);
        await inOrder(a, b);
        await access.user(`${name}-other`, `${name}-other`);
        await a.proclaim('a2');
        await access.user(`${name}-third`, `${name}-third`);
        await a.stepDown();
        const term = await leading(b);
        await queued(a);
        expect(await term.verify()).to.equal(true);
        expect(story).to.deep.equal(['a elected', 'a unelected: STEPPED_DOWN', 'b elected']);
      }),
    );
  });
}
