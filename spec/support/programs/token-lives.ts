/**
 * Two candidates and an onlooker with each kind of client, on a cluster with each kind of token. When the tokens of all
 * have run out, the candidates must be as they were, and hand over. Tells its parent what came of it, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENTS, type ClientKind, candidate, joinInOrder, leading } from '../candidates.js';
import { trackedClient } from '../security/access.js';
import { refreshed } from '../security/refreshes.js';
import { type Secured, startSecured } from '../security/secured-cluster.js';
import { TOKEN_KINDS, type TokenKindName, type TokenLife } from '../security/token-lives.js';
import { counted, jsonWebTokens, simpleTokens } from '../security/tokens.js';
import { type Chapter, tell } from '../story.js';
import { tracked } from '../track.js';
import { uniqueName } from '../unique-name.js';
import { until } from '../wait.js';
import { workAside } from './aside-work.js';

const EVERYTHING: readonly Chapter[] = ['elected', 'unelected', 'suspended', 'resumed', 'error'];
/** Seconds, until etcd has looked for tokens that have run out, on a busy machine too. */
const LOOKS_WITHIN = 10;
/** Seconds, of a lease: a refresh has time on a busy machine, and some come soon after the tokens have run out. */
const LEASE_TTL = 24;
/** How many refreshes of the leader's lease etcd must grant after that. */
const REFRESHES = 2;

const ttl = Number(process.argv[2]);

async function livesUnder(kind: TokenKindName): Promise<TokenLife[]> {
  const tokens = kind === 'simple tokens' ? simpleTokens(ttl) : jsonWebTokens(ttl);
  tracked({ close: () => tokens.remove() });
  // Each member counts the life of simple tokens for itself. JSON web tokens are the same on all members.
  const secured = await startSecured({ members: tokens.arePreserved ? 3 : 1, flags: tokens.flags });
  tracked(secured.cluster);
  tracked(secured.access);
  const names: string[] = [];
  for (const _ of CLIENTS) {
    const name = uniqueName('token-life');
    await secured.access.user(name, name);
    await secured.access.allow(name, name);
    names.push(name);
  }
  return await Promise.all(CLIENTS.map((client, i) => lifeOf(kind, client, secured, names[i] ?? '')));
}

async function lifeOf(kind: TokenKindName, client: ClientKind, { hosts }: Secured, name: string): Promise<TokenLife> {
  const credentials = { username: name, password: `${name}'s password` };
  const join = (value: string) =>
    candidate(trackedClient(client, { hosts, auth: credentials }), name, { value, ttl: LEASE_TTL });
  const [a, b] = [join('a'), join('b')];
  const story = tell({ a, b }, EVERYTHING);
  await joinInOrder(a, b);
  const { auth, fetched } = counted(credentials);
  const onlooker = candidate(trackedClient(client, { hosts, auth }), name);
  await onlooker.leader();
  const before = fetched();

  await sleep((ttl + LOOKS_WITHIN) * 1_000);
  await refreshed(a, REFRESHES);
  const kept = [...story];
  await a.proclaim('a2');
  await until(() => b.currentLeader() === 'a2', { what: 'b to hear of it' });
  const seen = (await onlooker.leader())?.value;
  await a.stepDown();
  const isVerified = await (await leading(b)).verify();
  await b.stop();
  await leading(a);
  return { kind, client, kept, story: [...story], seen, fetched: fetched() - before, isVerified };
}

await workAside(async () => (await Promise.all(TOKEN_KINDS.map(livesUnder))).flat());
