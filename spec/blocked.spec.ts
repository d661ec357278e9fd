import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import type { ElectionError } from '../lib/errors.js';
import { Lock } from '../lib/lock.js';
import { record } from './support/story.js';
import { recordLog, World } from './support/world.js';

/** What an application has written under the name of the election `jobs`. */
const CONFIG = 'jobs/config';
const BLOCKS = 'a key that is no candidate blocks the election';

for (const [which, tellsLeases] of [
  ['', true],
  [', on etcd 3.7, which tells no leases with keys alone', false],
] as const) {
  describe(`a key in the queue that is no candidate’s${which}`, () => {
    let world: World;

    beforeEach(() => {
      world = new World({ tellsLeases });
    });

    const blocked = (election: Election): string[] => {
      const keys: string[] = [];
      election.on('error', (error: ElectionError) =>
        keys.push(`${error.code}: ${/`([^`]+)`/.exec(error.message)?.[1]}`),
      );
      return keys;
    };

    it('is told once, by event and log, with its name and the way to mend it', async () => {
      world.etcd.put(CONFIG, 'x');
      const logger = recordLog();
      const { election } = world.candidate('a', { logger });
      const messages: string[] = [];
      election.on('error', ({ message }) => messages.push(message));
      await world.queued(election);
      await world.advance(60_000);
      expect(messages).to.deep.equal([
        "`jobs/config` is no candidate's key (it has no lease) and blocks the election: " +
          'nobody behind it can lead until ' +
          'it is deleted by hand, or moved out of `jobs/` by the application that writes it',
      ]);
      expect(logger.messages('error')).to.deep.equal([BLOCKS]);
      expect(logger.lines.find(({ message }) => message === BLOCKS)?.data).to.include({ key: CONFIG });
    });

    it('is told once however often the application writes it', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      const keys = blocked(election);
      const leaders = record(election, ['leader']);
      await world.queued(election);
      for (let n = 0; n < 20; n++) {
        world.etcd.put(CONFIG, `${n}`);
        await world.advance(1_000);
      }
      expect([keys, leaders]).to.deep.equal([[`BLOCKED: ${CONFIG}`], ['leader: nobody']]);
    });

    it('lets the candidate behind it lead as soon as it is gone', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      await world.queued(election);
      expect(election.state).to.equal('waiting');
      world.etcd.delete(CONFIG);
      await world.advance(10);
      expect(election.isLeader()).to.equal(true);
    });

    it('is told again when it was deleted and written anew', async () => {
      world.etcd.put(CONFIG, 'x');
      const [a, b] = [world.candidate('a').election, world.candidate('b').election];
      await world.queued(a);
      world.etcd.delete(CONFIG);
      await world.advance(10);
      world.etcd.put(CONFIG, 'y');
      const keys = blocked(b);
      await world.queued(b);
      expect(keys).to.deep.equal([`BLOCKED: ${CONFIG}`]);
    });

    it('is never deleted, whatever the candidates do', async () => {
      world.etcd.put(CONFIG, 'x');
      const candidates = ['a', 'b'].map((name) => world.candidate(name).election);
      await world.queued(...candidates);
      for (const election of candidates) await world.settled(election.stop());
      expect(world.etcd.get(CONFIG)?.value.toString()).to.equal('x');
    });

    it('is told to those that observe nobody, because it is just before their own key', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a', { observe: false });
      const keys = blocked(election);
      await world.queued(election);
      expect(keys).to.deep.equal([`BLOCKED: ${CONFIG}`]);
    });

    for (const [when, isLed] of [
      ['nobody leads', false],
      ['somebody still leads before it', true],
    ] as const) {
      for (const key of [CONFIG, 'jobs/1']) {
        it(`is told to those that observe nobody, wherever they queue behind it, while ${when}: ${key}`, async () => {
          const { election: leader } = world.candidate('leader');
          if (isLed) await world.queued(leader);
          world.etcd.put(key, 'x');
          const all = Array.from({ length: 12 }, (_, n) => world.candidate(`c${n}`, { observe: false }).election);
          const told = all.map(blocked);
          await world.queued(...all);
          await world.settled(leader.stop());
          await world.advance(60_000);
          expect(told).to.deep.equal(all.map(() => [`BLOCKED: ${key}`]));
        });
      }
    }

    it('is told to one that observes nobody and hears of its first join only by the second', async () => {
      world.etcd.put(CONFIG, 'x');
      await world.queued(world.candidate('a').election, world.candidate('b').election);
      const { election: c, store } = world.candidate('c', { observe: false });
      const keys = blocked(c);
      store.faults.next('txn', 'lose reply');
      await world.queued(c);
      expect(keys.filter((key) => key.startsWith('BLOCKED'))).to.deep.equal([`BLOCKED: ${CONFIG}`]);
    });

    it('is looked for by no request of its own when those that observe nobody queue, up to eight of them', async () => {
      const all = Array.from({ length: 10 }, (_, n) => world.candidate(`c${n}`, { observe: false }));
      for (const { election } of all) await world.queued(election);
      await world.advance(5_000);
      // From etcd 3.7 on, a read of the key before tells its lease; the head is told with its own.
      const reads = all.map(({ store }) => store.requests.txn - 1);
      expect(reads).to.deep.equal(tellsLeases ? [0, 0, 0, 0, 0, 0, 0, 0, 1, 1] : [0, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    });

    it('is reported, and not confused with other clients’ candidates, to those that observe nobody', async () => {
      const { store } = world.process('other');
      for (const [key, lease] of [
        ['jobs/294d7a0e1c3f0002', 0x294d_7a0e_1c3f_0002n],
        [`jobs/${0x694d_7a0e_1c3f_0003n}`, 0x694d_7a0e_1c3f_0003n],
        ['jobs/8a4d7a0e1c3f0004', BigInt.asIntN(64, 0x8a4d_7a0e_1c3f_0004n)],
      ] as const) {
        await world.settled(store.grant(lease, 600));
        world.etcd.put(key, 'other', lease);
      }
      const [a, b] = [world.candidate('a', { observe: false }), world.candidate('b', { observe: false })];
      const told = [blocked(a.election), blocked(b.election)];
      await world.queued(a.election, b.election);
      expect(told).to.deep.equal([[], []]);
    });

    it('is the cause of a TIMEOUT for one that waits for a lock behind others', async () => {
      world.etcd.put(CONFIG, 'x');
      const locks = ['a', 'b', 'c'].map((name) => new Lock(world.process(name), 'jobs'));
      const causes: unknown[] = [];
      for (const lock of locks) {
        lock.acquire({ wait: 3_000 }).catch(({ code, cause }) => causes.push([code, cause?.code]));
        await world.advance(100);
      }
      await world.advance(10_000);
      expect(causes).to.deep.equal(Array(3).fill(['TIMEOUT', 'BLOCKED']));
    });

    it('is told to the one behind it while another still leads before it, and to nobody else', async () => {
      const [a, b] = [world.candidate('a').election, world.candidate('b').election];
      const [ofA, ofB] = [blocked(a), blocked(b)];
      await world.queued(a);
      world.etcd.put(CONFIG, 'x');
      await world.queued(b);
      expect([ofA, ofB]).to.deep.equal([[], [`BLOCKED: ${CONFIG}`]]);
      expect([a.isLeader(), b.currentLeader()]).to.deep.equal([true, 'a']);
    });

    it('makes the election one that nobody leads, for events, observers and reads', async () => {
      const [a, b] = [world.candidate('a').election, world.candidate('b').election];
      await world.queued(a);
      world.etcd.put(CONFIG, 'x');
      await world.queued(b);
      const leaders = record(b, ['leader']);
      const observed: (string | undefined)[] = [];
      const controller = new AbortController();
      const observing = (async () => {
        for await (const leader of b.observe({ signal: controller.signal })) observed.push(leader?.value);
      })();
      await world.advance(10);
      await world.settled(a.stop());
      await world.advance(100);
      world.etcd.put(CONFIG, 'y');
      await world.advance(100);
      expect([leaders, observed]).to.deep.equal([['leader: nobody'], ['a', undefined]]);
      expect([b.currentLeader(), await world.settled(b.leader())]).to.deep.equal([undefined, undefined]);
      world.etcd.delete(CONFIG);
      await world.advance(100);
      expect([leaders, observed]).to.deep.equal([
        ['leader: nobody', 'leader: b'],
        ['a', undefined, 'b'],
      ]);
      controller.abort();
      await observing;
    });

    it('is the cause of the TIMEOUT of each run() that gives up behind it, and of none when it is gone', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      const refused = (): Promise<unknown> => {
        const codes = ({ code, cause }: ElectionError): unknown => [code, (cause as ElectionError | undefined)?.code];
        return world.settled(election.run(() => 'done', { wait: 0 }).catch(codes));
      };
      expect([await refused(), await refused()]).to.deep.equal(Array(2).fill(['TIMEOUT', 'BLOCKED']));
      world.etcd.delete(CONFIG);
      await world.queued(world.candidate('b').election);
      expect(await refused()).to.deep.equal(['TIMEOUT', undefined]);
    });

    it('is no cause of a TIMEOUT while somebody leads before it', async () => {
      const { election: leader } = world.candidate('b');
      await world.queued(leader);
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      const running = election.run(() => 'done', { wait: 5_000 });
      const refused = running.catch(({ code, cause }: ElectionError) => [code, cause]);
      await world.advance(1_000);
      expect(election.state).to.equal('waiting');
      await world.advance(5_000);
      expect(await world.settled(refused)).to.deep.equal(['TIMEOUT', undefined]);
    });

    it('keeps a lock from everybody, and is told to who tries to get it', async () => {
      world.etcd.put(CONFIG, 'x');
      const lock = new Lock(world.process('a'), 'jobs');
      for (let n = 0; n < 2; n++) expect(await world.refusal(lock.tryAcquire())).to.equal('BLOCKED');
      const message = await world.settled(lock.run(() => 'done', { wait: 3_000 }).catch((err) => err.message));
      expect(message).to.match(/^the lock was not acquired within 3000 ms: `jobs\/config` is no candidate's key/);
    });

    it('stays in the list of candidates, with a mark', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      await world.queued(election);
      const queue = await world.settled(election.candidates());
      expect(queue.map(({ key, leaseId, blocks }) => [key, leaseId, blocks])).to.deep.equal([
        [CONFIG, '0', true],
        [election.key, queue[1]?.leaseId, false],
      ]);
    });

    it('is told by a read of the leader to one that is no candidate', async () => {
      world.etcd.put(CONFIG, 'x');
      const { election } = world.candidate('a');
      const keys = blocked(election);
      for (let n = 0; n < 3; n++) expect(await world.settled(election.leader())).to.equal(undefined);
      expect(keys).to.deep.equal([`BLOCKED: ${CONFIG}`]);
    });

    it('is told once for each when there are several', async () => {
      world.etcd.put('jobs/one', 'x');
      await world.queued(world.candidate('a').election);
      world.etcd.put('jobs/two', 'x');
      const { election: b, store } = world.candidate('b');
      const keys = blocked(b);
      await world.queued(b);
      for (let n = 0; n < 3; n++) {
        store.breakStreams('watch');
        await world.advance(3_000);
      }
      expect(keys).to.have.members(['BLOCKED: jobs/one', 'BLOCKED: jobs/two']);
    });

    it('blocks as long as its lease lives when it hangs on a lease that it does not name', async () => {
      const application = world.process('application');
      await world.settled(application.store.grant(0x77n, 600));
      world.etcd.put(CONFIG, 'x', 0x77n);
      const { election } = world.candidate('a');
      const messages: string[] = [];
      election.on('error', ({ message }) => messages.push(message));
      await world.queued(election);
      expect(messages).to.have.lengthOf(1);
      expect(messages[0]).to.include('it does not name its lease, 77');
      world.etcd.revoke(0x77n);
      await world.advance(10);
      expect(election.isLeader()).to.equal(true);
    });

    for (const [client, key] of [
      ['Go’s', 'jobs/694d7a0e1c3f0002'],
      ['etcd3’s', `jobs/${0x694d7a0e1c3f0002n}`],
    ] as const) {
      it(`is no candidate’s of another client: ${client} key names its lease`, async () => {
        await world.settled(world.process('other').store.grant(0x694d7a0e1c3f0002n, 600));
        world.etcd.put(key, 'other', 0x694d7a0e1c3f0002n);
        const { election } = world.candidate('a');
        const keys = blocked(election);
        await world.queued(election);
        expect([keys, election.currentLeader()]).to.deep.equal([[], 'other']);
      });
    }

    describe('because somebody has written a candidate’s key without its lease', () => {
      it('is mended by the candidate, and told to nobody', async () => {
        const [a, b] = [world.candidate('a').election, world.candidate('b').election];
        await world.queued(a, b);
        const [ofB, leaders] = [blocked(b), record(b, ['leader'])];
        world.etcd.put(a.key ?? '', 'by hand');
        await world.advance(5_000);
        expect([ofB, leaders, b.currentLeader()]).to.deep.equal([[], ['leader: a'], 'a']);
      });

      it('is told when the candidate is not there any more to mend it', async () => {
        const { election: a, store } = world.candidate('a');
        const b = world.candidate('b').election;
        await world.queued(a, b);
        const [ofB, leaders] = [blocked(b), record(b, ['leader'])];
        store.network = 'down';
        world.etcd.put(a.key ?? '', 'by hand');
        await world.advance(1_900);
        expect(ofB).to.deep.equal([]);
        await world.advance(200);
        expect([ofB, leaders]).to.deep.equal([[`BLOCKED: ${world.etcd.oldest('jobs/')?.key}`], ['leader: nobody']]);
        store.network = 'up';
        await world.until(() => a.isLeader() || b.isLeader(), 'somebody leads');
      });
    });

    it('is found among candidates by one read of the key before, where the answer tells no leases', async () => {
      const elections = ['a', 'b', 'c', 'd'].map((name) => world.candidate(name));
      const told = elections.map(({ election }) => blocked(election));
      await world.queued(...elections.map(({ election }) => election));
      expect(told).to.deep.equal([[], [], [], []]);
      // `b` has read its predecessor as the head of the queue.
      const reads = elections.map(({ store }) => store.requests.txn - 1);
      expect(reads).to.deep.equal(tellsLeases ? [0, 0, 0, 0] : [0, 0, 1, 1]);
    });

    it('is no candidate that leads: everybody hears of the leader', async () => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => world.candidate(name).election) as [Election, Election, Election];
      await world.queued(a, b, c);
      const leaders = [a, b, c].map((election) => record(election, ['leader', 'error']));
      await world.settled(a.stop());
      await world.advance(100);
      expect(leaders).to.deep.equal([[], ['leader: b'], ['leader: b']]);
    });
  });
}
