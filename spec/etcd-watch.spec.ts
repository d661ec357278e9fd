import { expect } from 'chai';
import { createClient } from '../lib/client.js';
import { SystemClock } from '../lib/common/time.js';
import { EtcdStore } from '../lib/etcd/etcd-store.js';
import { type Answer, GrpcMember, type Message } from './support/grpc-member.js';
import { recordWatch, type WatchRecorder } from './support/store-recorders.js';
import { tracked } from './support/track.js';
import { until } from './support/wait.js';

/** As `etcd grpc-proxy` does: counts watches from 0, whatever the client calls them. */
function counting(): Answer {
  let count = 0;
  return ({ create_request, cancel_request }) =>
    create_request == null
      ? { watch_id: (cancel_request as Message)['watch_id'], canceled: true }
      : { watch_id: String(count++), created: true };
}

const put = (key: string, watch_id: number): Message => ({
  watch_id: String(watch_id),
  events: [{ type: 'Put', kv: { key: Buffer.from(key), value: Buffer.from('x'), mod_revision: '12', lease: '1' } }],
});

describe('watches on etcd', () => {
  let member: GrpcMember;
  let store: EtcdStore;

  beforeEach(async () => {
    member = await GrpcMember.listen();
    const etcd = createClient({ hosts: member.host });
    tracked({ close: () => etcd.close() });
    store = new EtcdStore(etcd, new SystemClock());
  });
  const open = (): WatchRecorder => {
    const recorder = recordWatch(store, '');
    tracked(recorder.stream);
    return recorder;
  };
  const told = (recorder: WatchRecorder, lines: number): Promise<void> =>
    recorder.until((story) => story.length >= lines);
  /** What a stream was asked: `create a`, `cancel 3`. */
  const asked = (): string[] =>
    member.requests('Watch').map(({ create_request, cancel_request }) => {
      const { key, watch_id } = (create_request ?? cancel_request) as { key?: Buffer; watch_id: string };
      return create_request == null ? `cancel ${watch_id}` : `create ${key}`;
    });

  it('are asked for under an id of ours, from a revision on', async () => {
    const recorder = open();
    recorder.stream.create(5, 'jobs/', 'jobs0', 9n);
    await told(recorder, 1);
    expect(member.requests('Watch')[0]?.['create_request']).to.deep.include({
      key: Buffer.from('jobs/'),
      range_end: Buffer.from('jobs0'),
      start_revision: '9',
      watch_id: '5',
    });
  });

  it('begin at the revision that etcd names, and at none when a gateway has answered in its place', async () => {
    const headers = [{ cluster_id: '1', revision: '7' }, { revision: '10' }];
    member.answers.Watch = ({ create_request }) => ({
      header: headers.shift(),
      watch_id: (create_request as Message)['watch_id'],
      created: true,
    });
    const recorder = open();
    recorder.stream.create(1, 'a', undefined, 10n);
    await told(recorder, 1);
    recorder.stream.create(2, 'a', undefined, 10n);
    await told(recorder, 2);
    expect([...recorder.createdAt]).to.deep.equal([
      [1, 7n],
      [2, undefined],
    ]);
  });

  it('tell puts and deletions with their revisions', async () => {
    const recorder = open();
    recorder.stream.create(1, 'a', undefined, 9n);
    await told(recorder, 1);
    const deleted = { key: Buffer.from('a'), mod_revision: '12' };
    member.tell({
      watch_id: '1',
      events: [
        { type: 'Put', kv: { key: Buffer.from('a'), value: Buffer.from('x'), lease: '7587862094012030978' } },
        { type: 'Delete', kv: deleted },
      ],
    });
    await told(recorder, 2);
    expect(recorder.story).to.deep.equal(['1 created', '1: put a, delete a']);
    expect(recorder.events[0]?.kv).to.include({ lease: 7_587_862_094_012_030_978n });
    expect(recorder.events[1]).to.deep.equal({ type: 'delete', key: 'a', revision: 12n });
  });

  it('tell from where they are possible when they were compacted away', async () => {
    const recorder = open();
    recorder.watchAll(1, 9n);
    await told(recorder, 1);
    member.tell({ watch_id: '1', canceled: true, compact_revision: '12' });
    await told(recorder, 2);
    expect(recorder.story[1]).to.equal('1 cancelled, compacted at its own revision + 3');
  });

  it('are recognised when they are refused, although etcd does not say which it refuses', async () => {
    member.answers.Watch = ({ create_request }) => {
      const { key, watch_id } = create_request as { key: Buffer; watch_id: string };
      if (String(key) !== 'secret') return { watch_id, created: true };
      return { watch_id: '-1', created: true, canceled: true, cancel_reason: 'etcdserver: permission denied' };
    };
    const recorder = open();
    for (const [n, key] of ['a', 'secret', 'b', 'secret'].entries()) recorder.stream.create(n + 1, key, undefined, 9n);
    await told(recorder, 4);
    expect(recorder.story).to.deep.equal(['1 created', '2 cancelled', '3 created', '4 cancelled']);
  });

  it('are cancelled also when etcd has not created them yet', async () => {
    const recorder = open();
    recorder.stream.create(1, 'a', undefined, 9n);
    recorder.stream.cancel(1);
    await told(recorder, 2);
    expect(recorder.story).to.deep.equal(['1 created', '1 cancelled']);
  });

  describe('asked for a sign of life', () => {
    it('create and cancel a watch that tells nothing, on a key that they watch', async () => {
      const recorder = open();
      recorder.stream.create(1, 'jobs/', 'jobs0', 9n);
      await told(recorder, 1);
      recorder.stream.ping();
      await recorder.until(() => recorder.signs === 3);
      expect(asked()).to.deep.equal(['create jobs/', 'create jobs/', 'cancel 2147483647']);
      expect(member.requests('Watch')[1]?.['create_request']).to.deep.include({
        range_end: Buffer.from('jobs/\0'),
        start_revision: '4611686018427387904',
      });
      expect(recorder.story).to.deep.equal(['1 created']);
    });

    it('never send a progress request', async () => {
      const recorder = open();
      recorder.stream.create(1, 'a', undefined, 9n);
      await told(recorder, 1);
      for (let signs = 3; signs <= 9; signs += 2) {
        recorder.stream.ping();
        await recorder.until(() => recorder.signs === signs);
      }
      expect(member.requests('Watch').filter(({ progress_request }) => progress_request != null)).to.deep.equal([]);
    });

    it('ask for nothing while an answer is due', async () => {
      member.condition = 'silent';
      const recorder = open();
      recorder.stream.create(1, 'a', undefined, 9n);
      recorder.stream.ping();
      recorder.stream.ping();
      await until(() => asked().length > 0, { what: 'the request' });
      recorder.stream.create(2, 'b', undefined, 9n);
      await until(() => asked().length > 1, { what: 'the second request' });
      expect(asked()).to.deep.equal(['create a', 'create b']);
    });

    for (const reason of ['etcdserver: invalid auth token', 'etcdserver: permission denied']) {
      it(`take a refusal (${reason}) for one, and keep the stream`, async () => {
        const recorder = open();
        recorder.stream.create(1, 'a', undefined, 9n);
        await told(recorder, 1);
        member.answers.Watch = () => ({ watch_id: '-1', created: true, canceled: true, cancel_reason: reason });
        recorder.stream.ping();
        await recorder.until(() => recorder.signs === 2);
        member.tell(put('a', 1));
        await told(recorder, 2);
        expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
        expect(asked()).to.deep.equal(['create a', 'create a']);
      });
    }

    it('count every message as one', async () => {
      const recorder = open();
      recorder.stream.create(1, 'a', undefined, 9n);
      await recorder.until(() => recorder.signs === 1);
      member.tell({ watch_id: '-1' });
      await recorder.until(() => recorder.signs === 2);
      expect(recorder.story).to.deep.equal(['1 created']);
    });
  });

  describe('behind a gateway that numbers them itself', () => {
    beforeEach(() => {
      member.answers.Watch = counting();
    });

    /** A stream of a client that has met the gateway before. */
    const openAsKnown = async (): Promise<WatchRecorder> => {
      const first = open();
      first.stream.create(1, 'a', undefined, 9n);
      await told(first, 1);
      first.stream.close();
      member.asked.length = 0;
      member.answers.Watch = counting();
      return open();
    };

    it('tell the events of each, and are cancelled by the number that the gateway gave', async () => {
      const recorder = open();
      recorder.stream.create(7, 'a', undefined, 9n);
      await told(recorder, 1);
      recorder.stream.create(8, 'b', undefined, 9n);
      await told(recorder, 2);
      member.tell(put('a', 0));
      member.tell(put('b', 1));
      await told(recorder, 4);
      recorder.stream.cancel(7);
      await until(() => asked().length === 3, { what: 'the cancellation' });
      member.tell(put('a', 0));
      member.tell(put('b', 1));
      await told(recorder, 5);
      expect(recorder.story).to.deep.equal(['7 created', '8 created', '7: put a', '8: put b', '8: put b']);
      expect(asked()).to.deep.equal(['create a', 'create b', 'cancel 0']);
    });

    it('end with their stream when several were asked for before the gateway was met', async () => {
      const recorder = open();
      recorder.stream.create(1, 'a', undefined, 9n);
      recorder.stream.create(2, 'b', undefined, 9n);
      await told(recorder, 1);
      expect(recorder.story, 'which of both was created cannot be told').to.deep.equal(['closed']);
    });

    it('end with their stream when the gateway is met after numbers that were ours by chance', async () => {
      let count = 0;
      member.answers.Watch = () => ({ watch_id: ['1', '5'][count++], created: true });
      const recorder = open();
      recorder.stream.create(1, 'a', undefined, 9n);
      await told(recorder, 1);
      recorder.stream.create(2, 'b', undefined, 9n);
      await told(recorder, 2);
      expect(recorder.story).to.deep.equal(['1 created', 'closed']);
    });

    it('are asked for one at a time once the gateway is known', async () => {
      const recorder = await openAsKnown();
      const answer = member.answers.Watch;
      member.answers.Watch = () => undefined;
      for (const [n, key] of ['a', 'b', 'c', 'd'].entries()) recorder.stream.create(n + 1, key, undefined, 9n);
      await until(() => asked().length === 1, { what: 'the first' });
      recorder.stream.cancel(3);
      expect(asked()).to.deep.equal(['create a']);
      member.answers.Watch = answer;
      member.tell({ watch_id: '0', created: true });
      answer({ create_request: {} });
      await told(recorder, 3);
      expect(recorder.story).to.deep.equal(['1 created', '2 created', '4 created']);
      expect(asked()).to.deep.equal(['create a', 'create b', 'create d']);
      member.tell(put('d', 2));
      await told(recorder, 4);
      expect(recorder.story[3]).to.equal('4: put d');
    });

    it('are cancelled once they have a number there', async () => {
      const recorder = await openAsKnown();
      recorder.stream.create(4, 'a', undefined, 9n);
      recorder.stream.cancel(4);
      await until(() => asked().length === 2, { what: 'the cancellation' });
      expect(asked()).to.deep.equal(['create a', 'cancel 0']);
    });

    it("give a sign of life when asked, whose number is nobody else's", async () => {
      const recorder = open();
      recorder.stream.create(7, 'a', undefined, 9n);
      await told(recorder, 1);
      for (let signs = 3; signs <= 7; signs += 2) {
        recorder.stream.ping();
        await recorder.until(() => recorder.signs === signs);
      }
      recorder.stream.create(8, 'b', undefined, 9n);
      await told(recorder, 2);
      member.tell(put('b', 4));
      await told(recorder, 3);
      expect(recorder.story).to.deep.equal(['7 created', '8 created', '8: put b']);
      expect(asked().slice(0, 5)).to.deep.equal(['create a', 'create a', 'cancel 1', 'create a', 'cancel 2']);
    });
  });
});
