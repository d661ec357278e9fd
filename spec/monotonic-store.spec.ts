import { expect } from 'chai';
import { MonotonicStore } from '../lib/store/monotonic-store.js';
import { type Header, StaleAnswer, type Txn } from '../lib/store/store.js';
import { recordWatch } from './support/store-recorders.js';
import { type Process, World } from './support/world.js';

const READ: Txn = {
  compare: [],
  success: [{ type: 'range', range: { key: 'a', order: 'oldest', limit: 1 } }],
  failure: [],
};

describe('a store that believes no older answer', () => {
  let world: World;
  let process: Process;
  let store: MonotonicStore;

  beforeEach(async () => {
    world = new World();
    process = world.process('one');
    store = new MonotonicStore(process.store, process.clock);
    for (const value of ['1', '2', '3']) world.etcd.put('a', value);
  });

  const read = async (): Promise<string | undefined> => {
    const { ranges } = await world.settled(store.txn(READ));
    return ranges[0]?.kvs[0]?.value.toString();
  };

  it('asks again when an answer is older than an earlier answer', async () => {
    expect(await read()).to.equal('3');
    process.store.faults.next('txn', { staleBy: 2 });
    expect([await read(), process.store.requests.txn]).to.deep.equal(['3', 3]);
  });

  it('asks again when an answer is older than an event', async () => {
    const { until, watchAll } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 1n);
    await world.advance(10);
    world.etcd.put('a', '4');
    await world.settled(until((story) => story.some((line) => line.includes('put'))));
    process.store.faults.next('txn', { staleBy: 1 });
    expect(await read()).to.equal('4');
  });

  it('asks again when an answer is older than what etcd told when it created a watch', async () => {
    await read();
    world.etcd.put('a', '4');
    const { watchAll, until } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 1n);
    await world.settled(until((story) => story.includes('1 created')));
    process.store.faults.next('txn', { staleBy: 1 });
    expect([await read(), process.store.requests.txn]).to.deep.equal(['4', 3]);
  });

  it('believes an answer that does not know what came after the request was sent', async () => {
    await read();
    const { watchAll } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 1n);
    await world.advance(10);
    process.store.faults.next('txn', { lateBy: 100 });
    const early = store.txn(READ);
    await world.advance(10);
    world.etcd.put('a', '4');
    const { ranges } = await world.settled(early);
    expect([ranges[0]?.kvs[0]?.value.toString(), process.store.requests.txn]).to.deep.equal(['3', 2]);
  });

  it('refuses an answer that stays older, and says which releases can do so', async () => {
    await read();
    process.store.faults.txn = { staleBy: 1 };
    const refusal = await world.settled(store.txn(READ).catch((err: unknown) => err));
    expect(refusal).to.be.instanceOf(StaleAnswer).with.property('code', 'UNAVAILABLE');
    expect((refusal as Error).message).to.match(/revision 4.*3\.4\.42, 3\.5\.28 and 3\.6\.9/);
    process.store.faults.txn = 'ok';
    expect(await read()).to.equal('3');
  });

  it('says to which history a refresh and a lease belong, unless etcd answers with an older state', async () => {
    await read();
    const told: string[] = [];
    const tell = ({ revision, epoch }: Header): void => {
      told.push(`revision ${revision} of history ${epoch}`);
    };
    tell((await world.settled(store.grant(7n, 60))).header as Header);
    const stream = store.keepAlive(7n, { reply: (_, header) => tell(header as Header), closed: () => {} });
    const refresh = async (): Promise<void> => {
      stream.send();
      await world.advance(10);
    };
    await refresh();
    process.store.faults.next('keepAlive', { staleBy: 1 });
    await refresh();
    world.etcd.beginAnew(2, 0, 'same');
    await world.advance(2_000);
    tell((await world.settled(store.grant(8n, 60))).header as Header);
    expect(told).to.deep.equal([
      'revision 4 of history 0',
      'revision 4 of history 0',
      'revision 3 of history undefined',
      'revision 2 of history undefined',
    ]);
    stream.close();
  });

  it('learns by refreshes how far etcd has come, and believes no older answer then', async () => {
    await read();
    const stream = store.keepAlive(7n, { reply: () => {}, closed: () => {} });
    world.etcd.put('a', '4');
    stream.send();
    await world.advance(10);
    process.store.faults.next('txn', { staleBy: 1 });
    expect([await read(), process.store.requests.txn]).to.deep.equal(['4', 3]);
    stream.close();
  });

  it('says which history etcd is in by one read for all who ask, of a key that it has told of before', async () => {
    expect(await store.currentEpoch()).to.equal(0);
    expect(process.store.requests.txn, 'nothing was read before').to.equal(0);
    await read();
    const asked = [store.currentEpoch(), store.currentEpoch()];
    expect(await world.settled(Promise.all(asked))).to.deep.equal([0, 0]);
    expect(process.store.requests.txn).to.equal(2);
    process.store.faults.txn = { staleBy: 1 };
    expect(await world.settled(store.currentEpoch())).to.equal(undefined);
    process.store.faults.txn = 'fail';
    expect(await world.refusal(store.currentEpoch())).to.equal('UNAVAILABLE');
  });

  it('believes in the end what it is told for ten seconds, and starts the watches again there', async () => {
    await read();
    const { story, watchAll } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 1n);
    process.store.faults.txn = { staleBy: 2 };
    const answers: string[] = [];
    while (world.now < 12_000) {
      const answer = await world.settled(
        store.txn(READ).then(
          ({ revision, epoch }) => `${revision} of history ${epoch}`,
          () => 'refused',
        ),
      );
      if (answers.at(-1) !== answer) answers.push(answer);
      await world.advance(1_000);
    }
    expect(answers).to.deep.equal(['refused', '2 of history 1']);
    expect(story).to.include('1 cancelled, compacted at its own revision + -2');
  });

  it('ends in etcd the watches that it starts again, so that none of them is told for nobody', async () => {
    await read();
    const { story, watchAll } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 1n);
    await world.advance(10);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch a']);
    process.store.faults.txn = { staleBy: 2 };
    while (!story.some((line) => line.includes('cancelled'))) {
      await world.settled(store.txn(READ).catch(() => {}));
      await world.advance(1_000);
    }
    await world.advance(10);
    expect(process.store.open).to.deep.equal(['watch stream']);
  });

  it('tells no event of another cluster before it believes what that cluster answers', async () => {
    await read();
    world.etcd.beginAnew(2, 0);
    await world.advance(2_000);
    const { story, watchAll } = recordWatch(store, 'a');
    watchAll(1, world.etcd.revision + 3n);
    await world.advance(10);
    for (const value of ['4', '5', '6']) world.etcd.put('a', value);
    await world.advance(10);
    expect(story, 'nobody has read yet').to.deep.equal(['1 created']);
    while (world.now < 20_000) {
      await world.settled(store.txn(READ).catch(() => {}));
      await world.advance(1_000);
    }
    // A store may or may not tell the end of a watch that the caller has cancelled.
    const told = story.filter((line) => line !== '1 cancelled');
    expect(told).to.deep.equal(['1 created', '1 cancelled, compacted at its own revision + 1']);
    const again = recordWatch(store, 'a');
    again.watchAll(1, world.etcd.revision + 1n);
    await world.advance(10);
    world.etcd.put('a', '7');
    await world.advance(10);
    expect(again.story).to.deep.equal(['1 created', '1: put ']);
  });
});
