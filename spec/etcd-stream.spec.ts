import { expect } from 'chai';
import { createClient } from '../lib/client.js';
import { EtcdStore } from '../lib/etcd/etcd-store.js';
import { GrpcMember, StatusAnswer } from './support/grpc-member.js';
import { type KeepAliveRecorder, recordKeepAlive, recordWatch, type WatchRecorder } from './support/store-recorders.js';
import { tracked } from './support/track.js';
import { settle, VirtualTime } from './support/virtual-time.js';
import { until } from './support/wait.js';

describe('a stream to etcd', () => {
  let time: VirtualTime;
  let member: GrpcMember;
  let store: EtcdStore;

  const connect = (...hosts: GrpcMember[]): void => {
    const etcd = createClient({ hosts: hosts.map(({ host }) => host) });
    tracked({ close: () => etcd.close() });
    store = new EtcdStore(etcd, time.clock());
  };
  beforeEach(async () => {
    time = new VirtualTime();
    member = await GrpcMember.listen();
    connect(member);
  });
  const keepAlive = (): KeepAliveRecorder => {
    const recorder = recordKeepAlive(store, 31n);
    tracked(recorder.stream);
    return recorder;
  };
  const watch = (): WatchRecorder => {
    const recorder = recordWatch(store, '');
    tracked(recorder.stream);
    return recorder;
  };
  const told = (recorder: { until: KeepAliveRecorder['until'] }, lines: number): Promise<void> =>
    recorder.until((story) => story.length >= lines);

  it('sends what was asked of it before it was open, in order', async () => {
    const recorder = watch();
    for (const id of [1, 2, 3]) recorder.stream.create(id, `k${id}`, undefined, 5n);
    await told(recorder, 3);
    expect(recorder.story).to.deep.equal(['1 created', '2 created', '3 created']);
  });

  it('asks for an end when the member loses sight of the raft leader, which requests do not', async () => {
    keepAlive().stream.send();
    watch().stream.create(1, 'a', undefined, 5n);
    await until(() => member.asked.length === 2, { what: 'both' });
    await store.grant(1n, 10);
    const has = (n: number): unknown => member.asked[n]?.metadata['hasleader'];
    expect([has(0), has(1), has(2)]).to.deep.equal(['true', 'true', undefined]);
  });

  it('tells each reply, and that the lease is gone when its TTL is 0', async () => {
    const recorder = keepAlive();
    recorder.stream.send();
    await told(recorder, 1);
    member.answers.LeaseKeepAlive = ({ ID }) => ({ ID, TTL: '0' });
    recorder.stream.send();
    await told(recorder, 2);
    expect(recorder.story).to.deep.equal(['ttl 10', 'ttl 0']);
    expect(member.requests('LeaseKeepAlive')).to.deep.equal([{ ID: '31' }, { ID: '31' }]);
  });

  for (const [how, status] of [
    ['ends it', undefined],
    ['fails', new StatusAnswer(14, 'etcdserver: no leader')],
  ] as const) {
    it(`tells once that it is closed when the member ${how}, and nothing after it`, async () => {
      const recorder = keepAlive();
      recorder.stream.send();
      await told(recorder, 1);
      member.endStreams(status);
      await told(recorder, 2);
      recorder.stream.send();
      recorder.stream.overdue();
      await settle();
      expect(recorder.story).to.deep.equal(['ttl 10', 'closed']);
    });
  }

  it('tells nothing after it was closed by us, and is closed at the member too', async () => {
    const recorder = keepAlive();
    recorder.stream.send();
    await told(recorder, 1);
    recorder.stream.close();
    recorder.stream.close();
    recorder.stream.send();
    await until(() => member.streams === 0, { what: 'the member sees it' });
    expect(recorder.story).to.deep.equal(['ttl 10']);
  });

  it('is never opened when it is closed before that', async () => {
    const recorder = keepAlive();
    recorder.stream.send();
    recorder.stream.close();
    await store.grant(1n, 10);
    await until(() => member.streams === 0, { what: 'nothing is open' });
    expect(member.requests('LeaseKeepAlive')).to.deep.equal([]);
    expect(recorder.story).to.deep.equal([]);
  });

  it('tells that it is closed when nobody listens', async () => {
    member.close();
    const recorder = keepAlive();
    recorder.stream.send();
    await told(recorder, 1);
    expect(recorder.story).to.deep.equal(['closed']);
  });

  it('goes past a member that was silent', async () => {
    const [sick, well] = [await GrpcMember.listen(), member];
    sick.condition = 'silent';
    connect(sick, well);
    // Opens streams until one is on the sick member.
    let silent: KeepAliveRecorder;
    do {
      silent = keepAlive();
      silent.stream.send();
      await until(() => silent.story.length > 0 || sick.streams > 0, { what: 'an answer, or silence' });
    } while (sick.streams === 0);
    silent.stream.overdue();
    const after = Array.from({ length: 12 }, keepAlive);
    for (const { stream } of after) stream.send();
    await Promise.all(after.map((recorder) => told(recorder, 1)));
    expect(sick.requests('LeaseKeepAlive')).to.have.length(1);
    expect(silent.story, 'its connection may be well: it stays open').to.deep.equal([]);
  });

  it('is ended when it is overdue again and its member was silent twice: the connection may be half-open', async () => {
    member.condition = 'silent';
    const [first, second] = [keepAlive(), keepAlive()];
    first.stream.send();
    second.stream.send();
    await until(() => member.streams === 2, { what: 'both' });
    first.stream.overdue();
    second.stream.overdue();
    await settle();
    expect([first.story, second.story], 'late answers count').to.deep.equal([[], []]);
    first.stream.overdue();
    await told(first, 1);
    expect([first.story, second.story]).to.deep.equal([['closed'], []]);
  });

  it('is opened on the only member there is, though that was silent', async () => {
    const recorder = keepAlive();
    recorder.stream.send();
    await told(recorder, 1);
    recorder.stream.overdue();
    const next = keepAlive();
    next.stream.send();
    await told(next, 1);
    expect(next.story).to.deep.equal(['ttl 10']);
  });

  it('forgives a member its silences when it answers', async () => {
    const [first, second] = [keepAlive(), keepAlive()];
    for (const recorder of [first, second, first, second]) {
      recorder.stream.overdue();
      recorder.stream.send();
      await until(() => recorder.story.length > 0, { what: 'an answer' });
    }
    expect([...first.story, ...second.story]).not.to.include('closed');
  });

  describe('whose token etcd does not accept any more', () => {
    const refuse = (...texts: readonly string[]): void => {
      const left = [...texts];
      member.answers.LeaseKeepAlive = () => {
        const text = left.shift();
        if (text !== undefined) throw new StatusAnswer(16, text);
        return { TTL: '10' };
      };
    };
    const methods = (): string[] => member.asked.map(({ method }) => method);

    for (const text of ['etcdserver: invalid auth token', 'etcdserver: revision of auth store is old']) {
      it(`is replaced by another behind a request that makes etcd3 fetch another token (${text})`, async () => {
        await store.txn({ compare: [{ key: 'jobs/1f', createRevision: 0n }], success: [], failure: [] });
        refuse(text);
        const recorder = keepAlive();
        recorder.stream.send();
        await told(recorder, 1);
        recorder.stream.send();
        await told(recorder, 2);
        expect(recorder.story).to.deep.equal(['ttl 10', 'ttl 10']);
        expect(methods()).to.deep.equal(['Txn', 'LeaseKeepAlive', 'Range', 'LeaseKeepAlive', 'LeaseKeepAlive']);
        expect(String(member.requests('Range')[0]?.['key']), 'a key that this user may read').to.equal('jobs/1f');
      });
    }

    it('is replaced each time that its token has expired', async () => {
      const recorder = keepAlive();
      for (let n = 1; n <= 3; n += 1) {
        refuse('etcdserver: invalid auth token');
        recorder.stream.send();
        await told(recorder, n);
      }
      expect(recorder.story).to.deep.equal(['ttl 10', 'ttl 10', 'ttl 10']);
    });

    it('is replaced twice, because the next token may end in the moment in which it is fetched', async () => {
      refuse('etcdserver: invalid auth token', 'etcdserver: invalid auth token');
      const recorder = keepAlive();
      recorder.stream.send();
      await told(recorder, 1);
      expect(recorder.story).to.deep.equal(['ttl 10']);
      expect(methods()).to.deep.equal(['LeaseKeepAlive', 'Range', 'LeaseKeepAlive', 'Range', 'LeaseKeepAlive']);
    });

    it('is closed when etcd does not accept the next two tokens either', async () => {
      refuse(...Array.from({ length: 3 }, () => 'etcdserver: invalid auth token'));
      const recorder = keepAlive();
      recorder.stream.send();
      await told(recorder, 1);
      expect(recorder.story).to.deep.equal(['closed']);
    });

    it('is closed when etcd refuses for another reason', async () => {
      refuse('etcdserver: permission denied');
      const recorder = keepAlive();
      recorder.stream.send();
      await told(recorder, 1);
      expect([recorder.story, methods()]).to.deep.equal([['closed'], ['LeaseKeepAlive']]);
    });

    it('is not replaced when it was closed by us meanwhile', async () => {
      member.condition = 'silent';
      const recorder = keepAlive();
      recorder.stream.send();
      await until(() => member.asked.length === 1, { what: 'the refresh' });
      recorder.stream.close();
      member.endStreams(new StatusAnswer(16, 'etcdserver: invalid auth token'));
      member.condition = 'up';
      await store.grant(1n, 10);
      expect([recorder.story, member.requests('LeaseKeepAlive').length]).to.deep.equal([[], 1]);
    });

    it('waits with all others that are opened meanwhile for the one request', async () => {
      refuse('etcdserver: invalid auth token', 'etcdserver: invalid auth token');
      const all = [keepAlive(), keepAlive()];
      for (const { stream } of all) stream.send();
      await Promise.all(all.map((recorder) => told(recorder, 1)));
      expect(all.map(({ story }) => story)).to.deep.equal([['ttl 10'], ['ttl 10']]);
    });
  });
});
