import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient } from '../lib/client.js';
import { withResolvers } from '../lib/common/deferred.js';
import { ElectionError } from '../lib/errors.js';
import type { CallOptions } from '../lib/etcd/call-guard.js';
import { MemberHealth } from '../lib/etcd/member-health.js';
import { unary } from '../lib/etcd/unary.js';
import { GrpcMember, StatusAnswer } from './support/grpc-member.js';
import { tracked } from './support/track.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { settle, VirtualTime } from './support/virtual-time.js';
import { until } from './support/wait.js';

describe('a request to etcd', () => {
  let time: VirtualTime;
  let clock: VirtualClock;
  let members: MemberHealth;
  let story: string[];

  beforeEach(() => {
    time = new VirtualTime();
    clock = time.clock();
    members = new MemberHealth(clock);
    story = [];
  });
  const ask = (send: (options: CallOptions) => Promise<unknown>, waited = 0): void => {
    unary(members, clock, 'read', send, waited).then(
      (answer) => story.push(`${time.now} ${answer}`),
      ({ code, message }: ElectionError) => story.push(`${time.now} ${code}: ${message}`),
    );
  };

  describe('to a cluster that answers late', () => {
    /** Answers as gRPC and the guard do: an answer that comes after the patience of its attempt is lost. */
    const answersAfter =
      (ms: number) =>
      (options: CallOptions): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const patience = 1_000 * 2 ** members.slowness;
          void options;
          clock.after(Math.min(ms, patience), () =>
            ms < patience ? resolve('answer') : reject(new Error('too late')),
          );
        });

    it('is given more time each round, so that it is answered in the end', async () => {
      ask(answersAfter(3_000));
      await time.advance(5_000);
      expect([story.length, members.slowness]).to.deep.equal([1, 1]);
      ask(answersAfter(3_000));
      await time.advance(5_000);
      expect([story.length, members.slowness]).to.deep.equal([2, 2]);
      ask(answersAfter(3_000));
      await time.advance(5_000);
      expect(story.at(-1)).to.match(/answer$/);
      expect(members.slowness, 'as long as it answers late').to.equal(2);
    });

    for (const [waited, slowness, attempts, at] of [
      [0, 0, 3, 3_500],
      [1_500, 0, 3, 3_000],
      [3_500, 0, 1, 1_000],
      [4_000, 2, 1, 500],
    ] as const) {
      it(`ends in an outage ${at} ms after a wait of ${waited} ms for its turn, at slowness ${slowness}`, async () => {
        for (let n = 0; n < slowness; n++) members.clusterWasLate();
        const sent: number[] = [];
        ask((options) => {
          sent.push(time.now);
          return new Promise((_, reject) => {
            void options;
            const patience = [1_000, 1_000, 1_500][sent.length - 1] ?? 0;
            clock.after(Math.min(patience, at - time.now), () => reject(new Error('too late')));
          });
        }, waited);
        await time.advance(at + 10);
        expect(sent).to.have.length(attempts);
        expect(story.map((line) => line.replace(/:.*/, ''))).to.deep.equal([`${at} UNAVAILABLE`]);
      });
    }

    it('is given its usual time again as soon as one request was answered within the usual time', async () => {
      members.clusterWasLate();
      ask(answersAfter(100));
      await time.advance(200);
      expect([story, members.slowness]).to.deep.equal([['100 answer'], 0]);
    });

    it('is not given more time because connections are refused', async () => {
      ask(() => Promise.reject(new Error('14 UNAVAILABLE')));
      await time.advance(1_000);
      expect([story.length, members.slowness]).to.deep.equal([1, 0]);
    });
  });

  describe('that fails by itself', () => {
    it('is tried three times, with a pause before each', async () => {
      const sent: number[] = [];
      ask(() => {
        sent.push(time.now);
        return Promise.reject(new Error('14 UNAVAILABLE: no'));
      });
      await time.advance(1_000);
      expect(sent).to.deep.equal([0, 50, 150]);
      expect(story).to.deep.equal(['150 UNAVAILABLE: etcd did not read (no): trying again']);
      expect(clock.timers).to.deep.equal([]);
    });

    it('is answered by the attempt that succeeds', async () => {
      let attempts = 0;
      ask(() => (++attempts < 3 ? Promise.reject(new Error('14 UNAVAILABLE')) : Promise.resolve('answer')));
      await time.advance(1_000);
      expect(story).to.deep.equal(['150 answer']);
    });

    for (const [said, code] of [
      ['7 PERMISSION_DENIED: etcdserver: permission denied', 'PERMISSION_DENIED'],
      ['5 NOT_FOUND: etcdserver: requested lease not found', 'LEASE_LOST'],
      ['3 INVALID_ARGUMENT: etcdserver: request is too large', 'UNAVAILABLE'],
    ] as const) {
      it(`is not tried again when etcd has decided: ${said}`, async () => {
        let attempts = 0;
        ask(() => {
          attempts += 1;
          return Promise.reject(new Error(said));
        });
        await time.advance(1_000);
        expect(attempts).to.equal(1);
        expect(story[0]).to.match(new RegExp(`^0 ${code}`));
      });
    }

    it('is given up each time a second after its patience when etcd3 leaves it pending for ever', async () => {
      const sent: number[] = [];
      ask(() => {
        sent.push(time.now);
        return new Promise(() => {});
      });
      await time.advance(10_000);
      expect(sent).to.deep.equal([0, 2_000, 4_000]);
      expect(story).to.deep.equal(['6500 UNAVAILABLE: etcd did not read (no answer within 2500 ms): trying again']);
    });
  });

  describe('on real connections', () => {
    let sick: GrpcMember;
    let well: GrpcMember;
    let etcd: Etcd3;
    const read = (options: CallOptions): Promise<unknown> =>
      etcd.kv.range({ key: Buffer.from('a') }, options).then(({ header }) => header.revision);
    const connect = (...hosts: GrpcMember[]): void => {
      etcd = createClient({ hosts: hosts.map(({ host }) => host) });
      tracked({ close: () => etcd.close() });
    };
    const asked = (...all: GrpcMember[]): number => all.reduce((sum, { asked: { length } }) => sum + length, 0);
    const arrived = (what: string, condition: () => boolean): Promise<unknown> => until(condition, { what });
    const answered = (): Promise<unknown> => arrived('an answer', () => story.length > 0);

    beforeEach(async () => {
      [sick, well] = [await GrpcMember.listen(), await GrpcMember.listen()];
    });

    it('is answered, and leaves no timer', async () => {
      connect(well);
      ask(read);
      await answered();
      expect(story).to.deep.equal(['0 7']);
      expect(clock.timers).to.deep.equal([]);
      expect(well.asked[0]?.metadata).not.to.have.property('hasleader');
    });

    it('waits a second for a silent member, to the millisecond, and then asks another', async () => {
      sick.condition = 'silent';
      connect(sick);
      ask(read);
      await arrived('the request', () => asked(sick) === 1);
      await time.advance(999);
      await settle();
      expect(members.avoid(`dns:${sick.host}`)).to.equal(false);
      await time.advance(1);
      expect(members.avoid(`dns:${sick.host}`)).to.equal(true);
      sick.condition = 'up';
      await answered();
      expect(story, 'the only member there is, is asked again').to.deep.equal(['1000 7']);
      expect(asked(sick)).to.equal(2);
    });

    it('passes the member that was silent, as long as another is there', async () => {
      sick.condition = 'silent';
      connect(sick, well);
      members.silent(`dns:${sick.host}`);
      for (let n = 0; n < 20; n += 1) ask(read);
      await arrived('all answers', () => story.length === 20);
      expect([asked(sick), asked(well)]).to.deep.equal([0, 20]);
      expect(time.now).to.equal(0);
    });

    it('comes back to that member when its time is over', async () => {
      connect(sick, well);
      members.silent(`dns:${sick.host}`);
      await time.advance(5_000);
      for (let n = 0; n < 30; n += 1) ask(read);
      await arrived('all answers', () => story.length === 30);
      expect(asked(sick)).to.be.greaterThan(0);
    });

    it('is told as failed when all members stay silent, within 5 s', async () => {
      sick.condition = 'silent';
      connect(sick);
      ask(read);
      for (const [attempt, patience] of [1_000, 1_000, 1_500].entries()) {
        await arrived('a request', () => asked(sick) === attempt + 1);
        await time.advance(patience);
        await settle();
      }
      await answered();
      expect(story[0]).to.match(/^3500 UNAVAILABLE: etcd did not read \(.*no answer in time/);
    });

    it('makes etcd3 drop a connection on which the same member was silent three times', async () => {
      sick.condition = 'silent';
      connect(sick);
      const ends: string[] = [];
      ask((options) =>
        read(options).catch((err: Error) => {
          if (!err.message.includes('not sent')) ends.push(err.constructor.name);
          throw err;
        }),
      );
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await arrived('a request', () => asked(sick) === attempt);
        await time.advance(1_500);
        await settle();
      }
      await answered();
      const once = 'GRPCFailedPreconditionError'; // etcd3 does not count it as a fault of the host
      expect(ends).to.deep.equal([once, once, 'GRPCDeadlineExceededError']);
    });

    it('remembers a member that refuses connections, and one that says that it cannot serve', async () => {
      well.answers.Range = () => {
        throw new StatusAnswer(14, 'etcdserver: no leader');
      };
      connect(well);
      ask(read);
      await arrived('the first answer', () => asked(well) === 1);
      await arrived('it is remembered', () => members.avoid(`dns:${well.host}`));
      await time.advance(1_000);
      well.answers.Range = () => ({ header: { revision: '8' } });
      await arrived('the second attempt', () => {
        void time.advance(50);
        return story.length > 0;
      });
      expect(story[0]).to.match(/ 8$/);
      expect(members.avoid(`dns:${well.host}`)).to.equal(false);
    });

    it('is not sent any more when nobody waits for it', async () => {
      connect(well);
      const held: { readonly release: () => void; readonly sent: Promise<unknown> }[] = [];
      ask((options) => {
        const { promise, resolve } = withResolvers<void>();
        const sent = promise.then(() => read(options));
        held.push({ release: () => resolve(), sent });
        return sent;
      });
      await time.advance(7_000);
      expect(story).to.have.length(1);
      for (const { release } of held) release();
      const ends = await Promise.allSettled(held.map(({ sent }) => sent));
      expect(ends.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
      expect(asked(well)).to.equal(0);
    });

    it('fails with an ElectionError in any case', async () => {
      connect(well);
      well.close();
      const failed = unary(members, clock, 'read', read).catch((err: unknown) => err);
      let err: unknown;
      void failed.then((reason) => {
        err = reason;
      });
      await arrived('the failure', () => {
        void time.advance(500);
        return err !== undefined;
      });
      expect(err).to.be.instanceOf(ElectionError).and.include({ code: 'UNAVAILABLE' });
    });
  });
});
