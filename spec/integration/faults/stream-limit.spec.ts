import { expect } from 'chai';
import { atOnce } from '../../support/at-once.js';
import { CLIENTS, type ClientKind, candidate, leading, openClient, queued } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { times } from '../../support/figures.js';
import { record } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { SOON, until } from '../../support/wait.js';

/** Seconds: the refreshes of thirty elections come through one connection, on a machine that may be busy. */
const TTL = 12;
const MANY = 30;
const REFRESHES = 4;
/** Milliseconds, for what so many do at the same time. */
const WITHIN = 60_000;

describe('on an etcd that limits the streams of a connection', () => {
  const limited = async (streams: number): Promise<Cluster> =>
    tracked(await Cluster.start({ members: 1, flags: [`--max-concurrent-streams=${streams}`] }));

  it(`elections lead and hand over within a limit of 100: ${MANY}, a session each, with either client`, async () => {
    const handsOver = async (kind: ClientKind): Promise<void> => {
      const { hosts } = await limited(100);
      const [first, second] = [openClient(hosts, kind), openClient(hosts, kind)];
      const names = times(MANY).map(() => uniqueName());
      const leaders = names.map((name) => candidate(first, name, { ttl: 2 * TTL }));
      const stories = leaders.map((leader) => record(leader, ['elected', 'unelected', 'suspended', 'error']));
      const refreshes = leaders.map((leader) => {
        const counted = { count: 0 };
        leader.on('refresh', () => counted.count++);
        return counted;
      });
      await Promise.all(leaders.map((leader) => leading(leader, WITHIN)));
      const waiting = await Promise.all(names.map((name) => queued(candidate(second, name, { ttl: 2 * TTL }), WITHIN)));
      await until(() => refreshes.every(({ count }) => count >= REFRESHES), {
        within: WITHIN,
        what: `${REFRESHES} refreshes of each`,
      });
      expect(stories.map((story) => story.length)).to.deep.equal(leaders.map(() => 1));

      await Promise.all(leaders.map((leader) => leader.stop()));
      await Promise.all(waiting.map((next) => leading(next)));
    };
    await atOnce(Object.fromEntries(CLIENTS.map((kind) => [kind, () => handsOver(kind)])));
  }).timeout(4 * WITHIN + SOON);

  it('elections say which limit it may be, and what to do, when streams are too few', async () => {
    const { hosts } = await limited(2);
    const client = openClient(hosts);
    const said: string[] = [];
    const elections = times(MANY).map(() => candidate(client, uniqueName(), { ttl: TTL, releaseTimeout: 0 }));
    for (const election of elections) {
      for (const event of ['suspended', 'error'] as const) election.on(event, ({ message }) => said.push(message));
      election.start();
    }
    const isSaid = (): boolean => said.some((message) => /--max-concurrent-streams.*share a `Session`/.test(message));
    await until(isSaid, { what: 'the limit to be said' });
    await Promise.all(elections.map((election) => election.stop())); // one after the other it would take a minute
  });
});
