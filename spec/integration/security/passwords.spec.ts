import { expect } from 'chai';
import { Election } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { CLIENTS, type ClientKind, joinInOrder, leading } from '../../support/candidates.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { trackedClient } from '../../support/security/access.js';
import { refreshed } from '../../support/security/refreshes.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import {
  counted,
  jsonWebTokens,
  simpleTokens,
  TOKEN_TTL,
  type TokenKind,
  tokensExpire,
} from '../../support/security/tokens.js';
import { type Chapter, tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

const EVERYTHING: readonly Chapter[] = ['elected', 'unelected', 'suspended', 'resumed', 'error'];
const EXPIRIES = 4;
/** How many refreshes of its lease a leader needs that etcd grants although the token of its stream has expired. */
const REFRESHES = 2;
/**
 * Seconds: a token does not live from one refresh to the next, and a refresh has time. `suspended` is told when a
 * refresh is not answered within a sixth of it, and on a busy machine two seconds were too few.
 */
const TTL = 24;

/** Two candidates, each with a client of its own, of a user that may take part in this election and do nothing else. */
interface Pair {
  readonly a: Election;
  readonly b: Election;
  /** Between the candidates and etcd. */
  readonly proxy: TcpProxy;
  /** How often their clients have fetched a token. */
  fetched(): number;
}

/** What an election does when tokens have expired. */
const EXPIRED: Readonly<Record<string, (pair: Pair, tokens: TokenKind) => Promise<void>>> = {
  [`keeps its leader over ${REFRESHES} refreshes of the lease that come after the token has expired`]: async (pair) => {
    const { a, b } = pair;
    const story = tell({ a, b }, EVERYTHING);
    await joinInOrder(a, b);
    await tokensExpire();
    await refreshed(a, REFRESHES);
    expect(story).to.deep.equal(['a elected']);
    expect([a.isLeader(), b.state]).to.deep.equal([true, 'waiting']);
    expect(await (await leading(a)).verify()).to.equal(true);
  },

  [`keeps its leader and hears of every change, ${EXPIRIES} expiries long`]: async ({ a, b, fetched }, tokens) => {
    const story = tell({ a, b }, EVERYTHING);
    const heard: (string | undefined)[] = [];
    b.on('leader', (value) => heard.push(value));
    await joinInOrder(a, b);
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
  },

  'hands over when the tokens of both have expired': async ({ a, b }) => {
    const story = tell({ a, b }, EVERYTHING);
    await joinInOrder(a, b);
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
  },

  'hands over when its connections were cut after the tokens had expired': async ({ a, b, proxy }) => {
    const story = tell({ a, b });
    await joinInOrder(a, b);
    await tokensExpire();
    proxy.cut({ on: 'existing' });
    await a.stop();
    await leading(b);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
  },

  'goes on being observed when the tokens have expired and the connections were cut': async ({ a, b, proxy }) => {
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
  },
};

for (const [kind, tokens] of Object.entries({ 'simple tokens': simpleTokens(), 'JSON web tokens': jsonWebTokens() })) {
  describe(`with passwords and ${kind} that live ${TOKEN_TTL} s, an election`, () => {
    const secured = securedCluster({ flags: tokens.flags });
    after(() => tokens.remove());

    async function pair(client: ClientKind): Promise<Pair> {
      const { access, hosts } = secured();
      const proxy = tracked(await TcpProxy.to(hosts));
      const name = uniqueName();
      const { auth, fetched } = counted(await access.user(name, name));
      await access.allow(name, name);
      const join = (value: string): Election =>
        tracked(new Election(trackedClient(client, { hosts: [...proxy.hosts], auth }), name, { value, ttl: TTL }));
      return { a: join('a'), b: join('b'), proxy, fetched };
    }

    it('keeps its leader, hands over and is observed, when tokens have expired and connections were cut', async () => {
      const cases: Record<string, () => Promise<void>> = {};
      for (const [what, test] of Object.entries(EXPIRED)) {
        for (const client of CLIENTS) {
          const its = await pair(client); // all users are there before the first case begins
          cases[`${what}, on ${client}`] = () => test(its, tokens);
        }
      }
      await atOnce(cases);
    });
  });
}
