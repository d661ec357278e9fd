import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { Election } from '../lib/election.js';
import type { Leadership } from '../lib/leadership.js';
import { tracked } from './support/track.js';
import { recordWarnings } from './support/warnings.js';
import { World } from './support/world.js';

describe('a leadership', () => {
  let world: World;
  let a: ReturnType<World['candidate']>;
  let leadership: Leadership;

  beforeEach(async () => {
    world = new World();
    a = world.candidate('a');
    await world.queued(a.election);
    leadership = await a.election.elected();
  });

  it('says what it is', () => {
    const [kv] = world.etcd.keys('jobs/');
    expect(leadership).to.include({ election: 'jobs', key: kv?.key, value: 'a', fencingToken: kv?.createRevision });
    expect(leadership.key).to.equal(`jobs/${leadership.leaseId}`);
  });

  it('stays ended when it has ended: the next term is another object, with a greater token', async () => {
    await world.settled(a.election.stepDown());
    const next = await a.election.elected();
    expect(next).not.to.equal(leadership);
    expect(next.fencingToken > leadership.fencingToken).to.equal(true);
    expect([leadership.isCurrent(), next.isCurrent()]).to.deep.equal([false, true]);
  });

  describe('its signal', () => {
    it('is one and the same, and not aborted while the term lasts', () => {
      expect(leadership.signal).to.equal(leadership.signal);
      expect(leadership.signal.aborted).to.equal(false);
    });

    it('is aborted before unelected is told, with the reason that unelected is told with', async () => {
      const { signal } = leadership;
      let told: unknown;
      let wasAborted = false;
      a.election.on('unelected', (_, reason) => {
        told = reason;
        wasAborted = signal.aborted;
      });
      await world.settled(a.election.stop());
      expect(told).to.be.instanceOf(Error).and.include({ code: 'STOPPED' });
      expect(signal.reason).to.equal(told);
      expect(wasAborted).to.equal(true);
    });

    it('may be given to a dozen waits, without a warning of a leak', async () => {
      const warnings = recordWarnings();
      const { signal } = leadership;
      const waits = Array.from({ length: 12 }, () => sleep(60_000, undefined, { signal }).catch(() => 'aborted'));
      await world.settled(a.election.stop());
      expect(await Promise.all(waits)).to.deep.equal(Array(12).fill('aborted'));
      expect(warnings).to.deep.equal([]);
    });

    it('is aborted also when it is asked for only after the end', async () => {
      await world.settled(a.election.stop());
      expect(leadership.signal.aborted).to.equal(true);
      expect(leadership.signal.reason).to.include({ code: 'STOPPED' });
    });
  });

  describe('its end', () => {
    it('is told by a promise with the reason that unelected is told with, and not before', async () => {
      let reason: unknown;
      void leadership.ended.then((why) => {
        reason = why;
      });
      await world.advance(60_000);
      expect(reason).to.equal(undefined);
      let told: unknown;
      a.election.on('unelected', (_, why) => {
        told = why;
      });
      await world.settled(a.election.stop());
      expect(reason).to.equal(told).and.include({ code: 'STOPPED' });
    });

    it('is told at once to whoever asks only after it, and is one promise', async () => {
      await world.settled(a.election.stop());
      expect(leadership.ended).to.equal(leadership.ended);
      expect(await leadership.ended).to.include({ code: 'STOPPED' });
    });
  });

  describe('taken apart', () => {
    it('has methods that work without the object', async () => {
      const { expiresIn, isCurrent, throwIfLost, verify } = leadership;
      expect([expiresIn() > 0, isCurrent(), throwIfLost()]).to.deep.equal([true, true, undefined]);
      expect(await world.settled(verify())).to.equal(true);
      await world.settled(a.election.stop());
      expect([expiresIn(), isCurrent(), await verify()]).to.deep.equal([0, false, false]);
      expect(() => throwIfLost())
        .to.throw()
        .with.property('code', 'STOPPED');
    });
  });

  describe('printed', () => {
    it('is JSON, with the token as a string', () => {
      const { election, key, value, leaseId, fencingToken } = leadership;
      const printed = {
        election,
        key,
        value,
        leaseId,
        fencingToken: `${fencingToken}`,
        expiresIn: leadership.expiresIn(),
      };
      expect(JSON.parse(JSON.stringify({ leadership }))).to.deep.equal({ leadership: printed });
    });

    it('says by console.log what it is', () => {
      expect(inspect(leadership)).to.match(/^Leadership \{\s+election: 'jobs',\s+key: 'jobs\/.*fencingToken: 2n,/s);
      expect(inspect([leadership], { compact: true, breakLength: Infinity })).to.include(
        "[ Leadership { election: 'jobs'",
      );
    });
  });

  describe('its clock', () => {
    it('counts down to the deadline, is set back by each refresh, and is never negative', async () => {
      await world.runUntil(3_000);
      expect(leadership.expiresIn()).to.equal(4_500);
      await world.runUntil(3_400);
      expect(leadership.expiresIn()).to.be.closeTo(3_333 + 7_500 - 3_400, 1);
      a.clock.pause();
      await world.advance(60_000);
      expect([leadership.expiresIn(), leadership.isCurrent()]).to.deep.equal([0, false]);
    });

    it('throws the reason when the term has ended, and another when it has run out and nobody knows yet', async () => {
      leadership.throwIfLost();
      a.clock.pause();
      await world.advance(60_000);
      expect(() => leadership.throwIfLost())
        .to.throw('run out')
        .with.property('code', 'NOT_LEADER');
      a.clock.resume();
      await world.advance(10);
      expect(() => leadership.throwIfLost())
        .to.throw()
        .with.property('code', 'LEASE_EXPIRED');
    });
  });

  describe('verify()', () => {
    it('asks etcd, and is true while the key is the oldest', async () => {
      const before = a.store.requests.txn;
      expect(await world.settled(leadership.verify())).to.equal(true);
      expect(a.store.requests.txn - before).to.equal(1);
    });

    it('is false when the key is gone, though nothing has been heard of that', async () => {
      a.store.silenceStreams();
      world.etcd.delete(leadership.key);
      expect(leadership.isCurrent()).to.equal(true);
      expect(await world.settled(leadership.verify())).to.equal(false);
    });

    it('is false when the key of this term was replaced by another of the same name', async () => {
      a.store.silenceStreams();
      const { lease = 0n } = world.etcd.get(leadership.key) ?? {};
      world.etcd.delete(leadership.key);
      world.etcd.put(leadership.key, 'a', lease);
      expect(await world.settled(leadership.verify())).to.equal(false);
    });

    it('is false after the end without asking, and when the end comes while it asks', async () => {
      const asking = leadership.verify();
      const stopping = a.election.stop();
      expect(await world.settled(asking)).to.equal(false);
      await world.settled(stopping);
      const before = a.store.requests.txn;
      expect(await leadership.verify()).to.equal(false);
      expect(a.store.requests.txn).to.equal(before);
    });

    it('rejects when etcd does not answer: it cannot know', async () => {
      a.store.faults.txn = 'lose request';
      expect(await world.refusal(leadership.verify())).to.equal('UNAVAILABLE');
    });

    it('is not answered by a member that is cut off from the others', async () => {
      world.etcd.loseQuorum();
      expect(await world.refusal(leadership.verify())).to.equal('UNAVAILABLE');
    });
  });

  describe('txn()', () => {
    it("is etcd3's, with the fence in it: the create revision of the key of this term", async () => {
      const etcd = tracked(new Etcd3({ hosts: '127.0.0.1:1' }));
      const election = new Election({ ...world.process('b'), etcd }, 'other');
      await world.queued(election);
      const sent: unknown[] = [];
      etcd.mock({
        exec: (_service: string, method: string, payload: unknown) => {
          sent.push(method, payload);
          return Promise.resolve({ succeeded: true, responses: [] });
        },
        getConnection: () => {
          throw new Error('not asked for');
        },
      } as never);
      const { key = '', fencingToken = 0n } = election.leadership ?? {};
      const { txn } = election.leadership as Leadership; // works without the object too
      const transaction = txn().then(etcd.put('result').value('x'));
      const result = await transaction.commit();
      expect(result).to.include({ succeeded: true });
      const [method, payload] = sent as [string, { compare: { key: Buffer; create_revision: string }[] }];
      expect(method).to.equal('txn');
      expect(payload.compare).to.have.length(1);
      expect(String(payload.compare[0]?.key)).to.equal(key);
      expect(payload.compare[0]).to.include({ create_revision: String(fencingToken), target: 1, result: 0 });
    });

    it('throws where there is no etcd behind', () => {
      expect(() => leadership.txn())
        .to.throw('no etcd')
        .with.property('code', 'NOT_LEADER');
    });
  });
});
