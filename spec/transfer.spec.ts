import { expect } from 'chai';
import type { ElectionOptions } from '../lib/campaign/options.js';
import type { Election } from '../lib/election.js';
import type { Request } from './support/fake-etcd/faults.js';
import { tell } from './support/story.js';
import { newTask } from './support/task.js';
import { type Process, recordLog, settling, World } from './support/world.js';

describe('stepDown({ to })', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  type Made = Process & { readonly election: Election };

  /** Candidates in the order of the queue, by name. */
  const queue = async (names: readonly string[], options: ElectionOptions = {}): Promise<Made[]> => {
    const made = names.map((name) => world.candidate(name, options));
    await world.queued(...made.map(({ election }) => election));
    return made;
  };

  const values = async (election: Election): Promise<string> =>
    (await world.settled(election.candidates())).map(({ value }) => value).join();

  /** How many keys of the queue each write has deleted, from now on. */
  const deletions = (): number[] => {
    const gone: number[] = [];
    let before = world.etcd.keys('jobs/').length;
    world.etcd.onWrite(() => {
      const now = world.etcd.keys('jobs/').length;
      if (now < before) gone.push(before - now);
      before = now;
    });
    return gone;
  };

  /** The request that deletes our key and others. */
  const isTransfer = (request: Request): boolean =>
    request.kind === 'txn' && request.txn.success.filter(({ type }) => type === 'delete').length > 1;

  it('lets the candidate lead that announces the value, and resolves with it', async () => {
    const [a, b, c, d] = (await queue(['a', 'b', 'c', 'd'])).map(({ election }) => election) as Election[];
    if (!a || !b || !c || !d) throw new Error('four');
    const story = tell({ a, b, c, d });
    const leader = await world.settled(a.stepDown({ to: 'd' }));
    expect(leader?.value).to.equal('d');
    await world.advance(200);
    expect(d.leadership?.fencingToken).to.equal(leader?.fencingToken);
    expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'd elected']);
    expect(await values(a)).to.be.oneOf(['d,b,c,a', 'd,c,b,a']);
    expect([a, b, c].map(({ state }) => state)).to.deep.equal(['waiting', 'waiting', 'waiting']);
  });

  it('knows whose keys are ours also where an answer without values tells no leases, as from etcd 3.7 on', async () => {
    world = new World({ tellsLeases: false });
    const [a, , , d] = (await queue(['a', 'b', 'c', 'd'])).map(({ election }) => election) as Election[];
    const leader = await world.settled(a?.stepDown({ to: 'd' }) ?? Promise.reject(new Error('none')));
    expect(leader?.value).to.equal('d');
    await world.advance(200);
    expect(await values(d as Election)).to.be.oneOf(['d,b,c,a', 'd,c,b,a']);
  });

  it('takes a candidate as a read has shown it', async () => {
    const [a, , c] = await queue(['a', 'b', 'c']);
    const [, , third] = await world.settled(a?.election.candidates() ?? Promise.reject(new Error('none')));
    if (third === undefined) throw new Error('three');
    await world.settled(a?.election.stepDown({ to: third }) ?? Promise.reject(new Error('none')));
    await world.advance(10);
    expect(c?.election.isLeader()).to.equal(true);
  });

  it('takes the first in the queue of those that announce the same', async () => {
    const [a] = await queue(['a', 'b']);
    const twins = [world.candidate('x', { value: 'twin' }), world.candidate('y', { value: 'twin' })];
    await world.queued(...twins.map(({ election }) => election));
    await world.settled(a?.election.stepDown({ to: Buffer.from('twin') }) ?? Promise.reject(new Error('none')));
    await world.advance(10);
    expect(twins.map(({ election }) => election.isLeader())).to.deep.equal([true, false]);
  });

  it('holds the key until the work has ended', async () => {
    const [a, , c] = await queue(['a', 'b', 'c']);
    const { work, terms } = newTask([]);
    const running = a?.election.run(work) ?? Promise.reject(new Error('none'));
    await world.begun(terms);
    const stepping = settling(a?.election.stepDown({ to: 'c' }) ?? Promise.resolve());
    await world.advance(800);
    expect([stepping.done, c?.election.state]).to.deep.equal([false, 'waiting']);
    terms[0]?.end();
    await world.until(() => c?.election.isLeader() === true, 'the target leads', 20);
    await world.settled(a?.election.stop() ?? Promise.resolve());
    await world.settled(running);
  });

  it('deletes all keys in one revision', async () => {
    const [a] = await queue(['a', 'b', 'c', 'd']);
    const before = world.etcd.keys('jobs/').map(({ key }) => key);
    const gone = deletions();
    await world.settled(a?.election.stepDown({ to: 'd' }) ?? Promise.reject(new Error('none')));
    expect(before).to.have.lengthOf(4);
    expect(gone).to.deep.equal([3]);
  });

  it('passes 250 candidates by, in as few transactions as etcd allows', async () => {
    const names = Array.from({ length: 252 }, (_, n) => `c${n}`);
    const made = await queue(names, { ttl: 600, observe: false });
    const [first, last] = [made[0]?.election, made.at(-1)?.election];
    if (first === undefined || last === undefined) throw new Error('none');
    const gone = deletions();
    await world.settled(first.stepDown({ to: 'c251' }));
    await world.until(() => last.isLeader(), 'the last one leads', 100);
    expect(gone).to.deep.equal([100, 100, 51]);
    await world.until(
      () => made.every(({ election }) => election === last || election.state === 'waiting'),
      'all wait',
    );
    expect((await world.settled(first.candidates())).length).to.equal(252);
  });

  it('rejects with NOT_CANDIDATE when nobody else announces that, and leads on', async () => {
    const [a] = await queue(['a', 'b']);
    const { election } = a as Made;
    const [, second] = await world.settled(election.candidates());
    if (second === undefined) throw new Error('two');
    expect(await world.refusal(election.stepDown({ to: 'nobody' }))).to.equal('NOT_CANDIDATE');
    expect(await world.refusal(election.stepDown({ to: 'a' }))).to.equal('NOT_CANDIDATE');
    const old = { ...second, fencingToken: second.fencingToken - 1n };
    expect(await world.refusal(election.stepDown({ to: old }))).to.equal('NOT_CANDIDATE');
    expect(election.isLeader()).to.equal(true);
  });

  it('rejects with NOT_LEADER whoever does not lead', async () => {
    const [, b] = await queue(['a', 'b', 'c']);
    expect(await world.refusal((b as Made).election.stepDown({ to: 'c' }))).to.equal('NOT_LEADER');
  });

  it('rejects with INVALID_OPTION what names nobody', async () => {
    const { election } = world.candidate('a');
    for (const to of [7, null, {}, { key: 'jobs/1' }]) {
      expect(await world.refusal(election.stepDown({ to: to as never })), String(to)).to.equal('INVALID_OPTION');
    }
    expect(await world.refusal(election.stepDown({ too: 'b' } as never))).to.equal('INVALID_OPTION');
  });

  it('logs for those between that their keys were deleted, and no warning', async () => {
    const log = recordLog();
    const [a] = await queue(['a']);
    const between = world.candidate('b', { logger: log });
    await world.queued(between.election, world.candidate('c').election);
    await world.settled((a as Made).election.stepDown({ to: 'c' }));
    await world.advance(200);
    expect(log.messages('info')).to.include('our key was deleted while we waited: queueing again');
    expect([log.messages('warn'), log.messages('error')]).to.deep.equal([[], []]);
  });

  describe('past a candidate of another client', () => {
    /** Puts a key as Go's client does, on a lease of etcd's choice. */
    const foreign = (lease: bigint): string => {
      const key = `jobs/${lease.toString(16)}`;
      world.etcd.grant(lease, 600);
      world.etcd.put(key, 'go', lease);
      return key;
    };

    it('leaves its key: it leads in its turn, and then the target', async () => {
      const [a, b] = await queue(['a', 'b']);
      const key = foreign(0x694d_7a0e_1c3f_0002n);
      const c = world.candidate('c');
      const d = world.candidate('d');
      await world.queued(c.election, d.election);
      const leader = await world.settled((a as Made).election.stepDown({ to: 'd' }));
      expect([leader?.value, leader?.isOurs]).to.deep.equal(['go', false]);
      await world.advance(200);
      expect(await values(c.election)).to.be.oneOf(['go,d,b,c,a', 'go,d,c,b,a']);
      world.etcd.delete(key);
      await world.until(() => d.election.isLeader(), 'the target leads', 50);
      expect([b?.election.state, c.election.state]).to.deep.equal(['waiting', 'waiting']);
    });
  });

  describe('when the target', () => {
    it('has left when the work has ended, leaves the place to the next, which loses nothing', async () => {
      const [a, b, c] = (await queue(['a', 'b', 'c'])) as [Made, Made, Made];
      const { work, terms } = newTask([]);
      const running = a.election.run(work);
      await world.begun(terms);
      const stepping = a.election.stepDown({ to: 'c' });
      await world.settled(c.election.stop());
      terms[0]?.end();
      const leader = await world.settled(stepping);
      expect(leader?.value).to.equal('b');
      expect(b.election.isLeader()).to.equal(true);
      await world.settled(a.election.stop());
      await world.settled(running);
    });

    it('leaves between the read and the transaction, moves nobody', async () => {
      const [a, b, c] = (await queue(['a', 'b', 'c'])) as [Made, Made, Made];
      const keyOfB = b.election.key;
      let isFirst = true;
      a.store.faults.draw = (request) => {
        if (!isTransfer(request) || !isFirst) return 'ok';
        isFirst = false;
        world.etcd.delete(c.election.key ?? '');
        return 'ok';
      };
      const leader = await world.settled(a.election.stepDown({ to: 'c' }));
      expect(isFirst).to.equal(false);
      expect(leader?.value).to.equal('b');
      expect(b.election.key).to.equal(keyOfB);
    });
  });

  for (const fault of ['lose request', 'lose reply', 'hang', 'duplicate'] as const) {
    it(`somebody leads soon, and only one, when the transfer meets: ${fault}`, async () => {
      const made = (await queue(['a', 'b', 'c'])) as [Made, Made, Made];
      const [a, b, c] = made;
      const story = tell({ a: a.election, b: b.election, c: c.election }, ['elected', 'unelected']);
      a.store.faults.next('txn', fault, isTransfer);
      void a.election.stepDown({ to: 'c' }).catch(() => {});
      await world.until(() => b.election.isLeader() || c.election.isLeader(), 'somebody leads', 5_000);
      await world.advance(10_000);
      expect(made.filter(({ election }) => election.isLeader())).to.have.lengthOf(1);
      expect(story).to.have.lengthOf(2);
      expect(await values(a.election)).to.match(/^(b,c,a|c,a,b|c,b,a)$/);
    });
  }

  it('leaves nothing behind when stop() follows it', async () => {
    const [a, b] = (await queue(['a', 'b', 'c'])) as [Made, Made, Made];
    void a.election.stepDown({ to: 'c' }).catch(() => {});
    await world.settled(a.election.stop());
    await world.settled(b.election.stop());
    expect([a.election.state, a.store.open, a.clock.timers]).to.deep.equal(['idle', [], []]);
  });
});
