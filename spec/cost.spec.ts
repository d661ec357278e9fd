import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { Session } from '../lib/session.js';
import { noRequests, type RequestCounts } from './support/fake-etcd/counts.js';
import { World } from './support/world.js';

/** What one candidate sends to etcd at the most, until it is in its place and at rest, and from `stop()` on. */
interface Cost {
  readonly comes: Partial<RequestCounts>;
  readonly goes: Partial<RequestCounts>;
}

/** In milliseconds: everything that follows a change of place has happened, and no lease of 600 s is refreshed. */
const AT_REST = 5_000;

const JOIN = { grant: 1, txn: 1, watchStream: 1 };

/**
 * A leader watches its key, and with a session of its own the control keys by which it can be asked. A leader on a
 * shared session that leaves watches the head of the queue, if its session goes on.
 */
const COSTS: readonly (readonly [session: 'own' | 'shared', place: 'leads' | 'waits', cost: Cost])[] = [
  ['own', 'leads', { comes: { ...JOIN, watch: 2 }, goes: { revoke: 1, watchCancel: 1 } }],
  ['own', 'waits', { comes: { ...JOIN, watch: 3 }, goes: { revoke: 1, watchCancel: 2 } }],
  ['shared', 'leads', { comes: { ...JOIN, watch: 1 }, goes: { txn: 1, watch: 1, watchCancel: 1 } }],
  ['shared', 'waits', { comes: { ...JOIN, watch: 3 }, goes: { txn: 1, watch: 1, watchCancel: 3 } }],
];

describe('an election that is not asked, has no priority, and is no lock', () => {
  for (const [session, place, { comes, goes }] of COSTS) {
    for (const observe of [true, false]) {
      const who = `${session === 'own' ? 'its own' : 'a shared'} session, observe: ${observe}`;
      const watches = comes.watch === 1 ? 'one watch' : `${comes.watch} watches`;
      it(`comes by one transaction and goes by one request, and ${place} with ${watches}: ${who}`, async () => {
        const world = new World();
        if (place === 'waits') await world.queued(world.candidate('other', { ttl: 600 }).election);
        const its = world.process('a');
        const shared = session === 'shared' ? new Session(its, { ttl: 600 }) : undefined;
        const options = { value: 'a', observe, ...(shared === undefined && { ttl: 600 }) };
        const election = new Election(shared ?? its, 'jobs', options);

        await world.queued(election);
        await world.advance(AT_REST);
        expect(election.state).to.equal(place === 'leads' ? 'leading' : 'waiting');
        expect(beyond(its.store.requests, comes)).to.deep.equal({});

        const before = { ...its.store.requests };
        await world.settled(election.stop());
        await world.advance(AT_REST);
        const since = noRequests();
        for (const kind of kinds) since[kind] = its.store.requests[kind] - before[kind];
        expect(beyond(since, goes)).to.deep.equal({});
        await world.settled(shared?.close() ?? Promise.resolve());
      });
    }
  }
});

describe('a thousand elections of one session', () => {
  for (const [observe, most] of [
    [false, 25],
    [true, 33],
  ] as const) {
    it(`are joined by ${most} transactions, each with 120 operations at the most: observe: ${observe}`, async () => {
      const world = new World();
      const { store, session } = world.session('one');
      const all = Array.from({ length: 1_000 }, (_, n) => new Election(session, `jobs ${n}`, { observe }).start());
      await world.until(() => all.every((election) => election.isLeader()), 'all lead');
      expect(store.requests.txn).to.equal(most);
      await world.settled(session.close());
    });
  }
});

const kinds = Object.keys(noRequests()) as (keyof RequestCounts)[];

/** The requests that are more than the cost allows. */
function beyond(requests: RequestCounts, most: Partial<RequestCounts>): Partial<RequestCounts> {
  return Object.fromEntries(kinds.filter((kind) => requests[kind] > (most[kind] ?? 0)).map((k) => [k, requests[k]]));
}
