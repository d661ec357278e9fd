import { expect } from 'chai';
import type { Clock } from '../lib/common/time.js';
import { ElectionError } from '../lib/errors.js';
import { leaseIn } from '../lib/queue/keys.js';
import type { Place } from '../lib/queue/place.js';
import { PlaceWatcher } from '../lib/queue/place-watcher.js';
import { Queue } from '../lib/queue/queue.js';
import { MonotonicStore } from '../lib/store/monotonic-store.js';
import type { Store, WatchHandlers, WatchStream } from '../lib/store/store.js';
import { Watcher } from '../lib/watch/watcher.js';
import type { FakeEtcdOptions } from './support/fake-etcd/options.js';
import { type Process, recordLog, World } from './support/world.js';

const [HEAD, OWN] = ['jobs/2b', 'jobs/3c'];
const RANGE = `watch from ${HEAD} to ${OWN}`;

/** One candidate behind others, and all that its place watcher tells. */
class Heir {
  readonly world: World;
  readonly process: Process;
  readonly story: string[] = [];
  readonly queue: Queue;
  readonly watch: Watcher;
  placeWatcher: PlaceWatcher | undefined;
  place: Place | undefined;
  won: Place | undefined;

  constructor(options: FakeEtcdOptions = {}, seenBy = (store: Store, _clock: Clock): Store => store) {
    this.world = new World(options);
    this.process = this.world.process('heir');
    const store = seenBy(this.process.store, this.process.clock);
    this.queue = new Queue(store, 'jobs', recordLog);
    const rhythm = { quiet: 5_000, patience: 2_000, groupOf: leaseIn };
    this.watch = new Watcher(store, this.process.clock, rhythm);
  }

  /** Queues with the key jobs/3c, behind these keys. */
  async queueBehind(...keys: readonly string[]): Promise<void> {
    const { world, process, queue } = this;
    for (const key of keys) {
      const lease = BigInt(`0x${leaseIn(key)}`);
      await world.settled(process.store.grant(lease, 600));
      world.etcd.put(key, 'x', lease);
    }
    await world.settled(process.store.grant(0x3cn, 600));
    const { place } = await world.settled(queue.join(0x3cn, Buffer.from('c'), false));
    this.follow(place);
    await world.advance(10);
    process.store.requests.txn = 0;
  }

  follow(place: Place): void {
    const { story } = this;
    this.place = place;
    this.placeWatcher = new PlaceWatcher(this.queue, this.watch, this.process.clock, place, {
      first: (first) => {
        this.won = first;
        story.push('first');
      },
      keyGone: () => story.push('gone'),
      overtaken: () => story.push('overtaken'),
      rewritten: () => story.push('rewritten'),
      failed: ({ code }) => story.push(`failed: ${code}`),
    });
  }

  /** What an observer of the election tells of the head. */
  tellHead(key = HEAD): void {
    const head = this.world.etcd.get(key);
    if (head === undefined) throw new Error(`no key ${key}`);
    this.placeWatcher?.headSeen({ kv: head, revision: this.world.etcd.revision });
  }

  get reads(): number {
    return this.process.store.requests.txn;
  }

  get open(): readonly string[] {
    return this.process.store.open;
  }
}

describe('the second in line', () => {
  let heir: Heir;
  beforeEach(async () => {
    heir = new Heir();
    await heir.queueBehind(HEAD);
  });

  it('follows one range, from the smaller to the greater of its key and the key before, and nothing else', () => {
    expect(heir.place?.isNext).to.equal(true);
    expect(heir.open).to.deep.equal(['watch stream', RANGE]);
  });

  it('is first by the event alone, as of its revision, and follows nothing but its own key from then on', async () => {
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 0]);
    const { revision } = heir.world.etcd;
    expect(heir.won).to.deep.include({ predecessor: undefined, revision, own: heir.place?.own });
    expect(heir.won?.kv).to.deep.include({ key: OWN, createRevision: heir.place?.own.createRevision, lease: 0x3cn });
    expect(heir.open).to.deep.equal(['watch stream', `watch ${OWN}`]);
    await heir.world.advance(2_000);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 0]);
  });

  it('is first by the event alone when its key is the smaller of the two', async () => {
    heir = new Heir();
    await heir.queueBehind('jobs/9f');
    expect(heir.open).to.include(`watch from ${OWN} to jobs/9f`);
    heir.world.etcd.delete('jobs/9f');
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 0]);
  });

  it('hears by the range that somebody has written its key', async () => {
    heir.world.etcd.put(OWN, 'forged');
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['rewritten'], 0]);
  });

  it('hears by the range that the key before has lost its lease, and tells that it is blocked', async () => {
    heir.world.etcd.put(HEAD, 'forged');
    await heir.world.advance(1_900);
    expect(heir.story).to.deep.equal([]);
    await heir.world.advance(200);
    expect(heir.story).to.deep.equal(['failed: BLOCKED']);
  });

  it('ignores other keys that lie between the two', async () => {
    heir.world.etcd.put('jobs/2c', 'y');
    heir.world.etcd.delete('jobs/2c');
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([[], 0]);
  });

  for (const [keys, order] of [
    [[HEAD, OWN], 'behind'],
    [[OWN, HEAD], 'before'],
  ] as const) {
    it(`is not first when its own deletion comes in the same revision, ${order} that of the key before`, async () => {
      heir.world.etcd.delete(...keys);
      await heir.world.advance(100);
      expect(heir.story).to.deep.equal(['gone']);
    });
  }

  it('is not first when its key was deleted before, however late the watch of that key is', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      heir = new Heir({ watchDelay: [0, 60], seed });
      await heir.queueBehind(HEAD);
      heir.world.etcd.delete(OWN);
      heir.world.etcd.delete(HEAD);
      await heir.world.advance(300);
      expect(heir.story).to.deep.equal(['gone']);
    }
  });

  it('wins nothing by the deletion of a key that the head has written again', async () => {
    heir.world.etcd.put(HEAD, 'another value', 0x2bn);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([[], 0]);
    heir.world.etcd.delete(HEAD);
    heir.world.etcd.put(HEAD, 'back, behind us', 0x2bn);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 0]);
  });

  it('is not known to be second behind nested keys that fill the answer, and reads', async () => {
    heir = new Heir();
    const nested = Array.from({ length: 6 }, (_, n) => `jobs/a/nested${n}`);
    for (const key of nested) heir.world.etcd.put(key, 'x');
    await heir.queueBehind(HEAD);
    expect([heir.place?.isNext, heir.open.includes(RANGE)]).to.deep.equal([false, false]);
    heir.world.etcd.delete(...nested);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 1]);
  });

  it('is known to be second by the head that the join has read, though the answer is full', async () => {
    const { world, process, queue } = heir;
    world.etcd.put('jobs/a/nested', 'x');
    world.etcd.delete(OWN);
    await world.settled(process.store.grant(0x4dn, 600));
    const { place } = await world.settled(queue.join(0x4dn, Buffer.from('d'), true));
    expect(place).to.deep.include({ predecessor: HEAD, isNext: true });
  });
});

describe('the third in line', () => {
  let heir: Heir;
  beforeEach(async () => {
    heir = new Heir();
    await heir.queueBehind('jobs/1a', HEAD);
  });

  it('is elected by no event: it reads, and finds the head before it', async () => {
    expect([heir.place?.isNext, heir.open.includes(RANGE)]).to.deep.equal([false, false]);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([[], 1]);
    expect(heir.open).to.include(`watch from jobs/1a to ${OWN}`);
  });

  it('is second, without a read, as soon as it is told that the key before its own is the head', async () => {
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    await heir.world.advance(200);
    expect(heir.open).to.include(RANGE);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 0]);
  });

  it('reads when the head goes before etcd can have told what was before the watch', async () => {
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    await heir.world.advance(20);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 1]);
  });

  it('is not first when its key was deleted before it heard that it is second', async () => {
    heir.process.store.faults.watch = { lateBy: 400 }; // its own watch lags behind
    heir.world.etcd.delete(OWN);
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(1_000);
    expect(heir.story).to.deep.equal(['gone']);
  });

  it('reads when somebody has written its key, though the watch of that key has not told so yet', async () => {
    heir = new Heir({}, (store) => withDeafness(store, (end) => end === undefined));
    await heir.queueBehind('jobs/1a', HEAD);
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    await heir.world.advance(200);
    heir.world.etcd.put(OWN, 'forged');
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['rewritten', 'first'], 1]);
    expect(heir.won?.kv.lease).to.equal(0n);
  });

  it('is not second by news of the epoch before', async () => {
    const { placeWatcher, place } = heir;
    if (place === undefined) throw new Error('it has no place');
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    placeWatcher?.found({ ...place, epoch: 1 });
    await heir.world.advance(200);
    expect(heir.open.includes(RANGE)).to.equal(false);
  });

  it('reads, instead of letting etcd look through more than a thousand revisions', async () => {
    for (let n = 0; n < 1_001; n++) heir.world.etcd.put('other', `${n}`);
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    await heir.world.advance(10);
    expect([heir.story, heir.reads, heir.open.includes(RANGE)]).to.deep.equal([[], 1, true]);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 1]);
  });

  it('is not second because another key is the head, or a key of that name from another time', async () => {
    heir.tellHead('jobs/1a');
    const stale = heir.world.etcd.get(HEAD);
    if (stale === undefined) throw new Error('no head');
    heir.placeWatcher?.headSeen({ kv: stale, revision: 3n }); // from before its own read
    // it has left and come back
    heir.placeWatcher?.headSeen({ kv: { ...stale, createRevision: 1_000n }, revision: 1_000n });
    await heir.world.advance(10);
    expect([heir.reads, heir.open.includes(RANGE)]).to.deep.equal([0, false]);
  });
});

describe('the second in line, in doubt,', () => {
  let heir: Heir;
  beforeEach(async () => {
    heir = new Heir();
    await heir.queueBehind(HEAD);
  });

  it('reads when the stream was opened again, and trusts the range again after that', async () => {
    heir.process.store.breakStreams('watch');
    await heir.world.advance(200);
    expect(heir.story).to.deep.equal([]);
    expect(heir.reads).to.be.within(1, 3);
    const { reads } = heir;
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads - reads]).to.deep.equal([['first'], 0]);
  });

  it('reads when both keys have gone while the stream was broken and the history was compacted', async () => {
    heir.process.store.faults.txn = 'hang'; // no read is answered
    heir.process.store.breakStreams('watch');
    heir.world.etcd.delete(OWN);
    heir.world.etcd.put('other', 'x');
    heir.world.etcd.compact();
    await heir.world.advance(500);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(100);
    expect(heir.story.filter((line) => !line.startsWith('failed'))).to.deep.equal([]);
    heir.process.store.faults.txn = 'ok';
    await heir.world.advance(10_000);
    expect(heir.story.filter((line) => !line.startsWith('failed'))).to.deep.equal(['gone']);
  });

  it('reads again when a read that began before the stream broke is answered after it', async () => {
    heir.process.store.faults.next('txn', { lateBy: 300 });
    heir.placeWatcher?.reset();
    await heir.world.advance(50);
    heir.process.store.faults.txn = 'hang'; // no later read is answered
    heir.process.store.breakStreams('watch');
    heir.world.etcd.delete(OWN);
    heir.world.etcd.put('other', 'x');
    heir.world.etcd.compact();
    await heir.world.advance(400);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(100);
    expect(heir.story).to.deep.equal([]);
    heir.process.store.faults.txn = 'ok';
    await heir.world.advance(10_000);
    expect(heir.story.filter((line) => !line.startsWith('failed'))).to.deep.equal(['gone']);
  });

  it('does not trust the range again by a read that is older than the watch', async () => {
    heir = new Heir({}, (store, clock) => new MonotonicStore(store, clock));
    // A watch was late a moment ago, so the range begins when it is created.
    heir.world.etcd.put('other', 'x');
    const nobody = { changed: () => {}, reset: () => {}, refused: () => {} };
    heir.watch.attach({ key: 'other', isFresh: true }, 1n, nobody);
    await heir.world.advance(10);
    heir.process.store.faults.next('watch', { arriveLateBy: 50 });
    await heir.queueBehind(HEAD);
    heir.process.store.faults.txn = { staleBy: 1 };
    heir.world.etcd.delete(OWN);
    await heir.world.advance(200);
    heir.process.store.faults.txn = 'ok';
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(1_000);
    expect(heir.story.filter((line) => !line.startsWith('failed'))).to.deep.equal(['gone']);
  });

  describe('when etcd has refused the range, follows both keys by watches of their own,', () => {
    let isRefusing = true;
    beforeEach(async () => {
      isRefusing = true;
      heir = new Heir({}, (store) =>
        withRanges(store, (id, on) => {
          if (isRefusing) heir.process.clock.after(2, () => on.cancelled(id, undefined, NO));
          return isRefusing;
        }),
      );
      await heir.queueBehind(HEAD);
      await heir.world.advance(200);
      expect(heir.open).to.deep.equal(['watch stream', `watch ${OWN}`, `watch ${HEAD}`]);
    });

    it('is first after a read', async () => {
      const { reads } = heir;
      heir.world.etcd.delete(HEAD);
      await heir.world.advance(10);
      expect([heir.story, heir.reads - reads]).to.deep.equal([['failed: PERMISSION_DENIED', 'first'], 1]);
    });

    it('hears that its key is gone', async () => {
      heir.world.etcd.delete(OWN);
      heir.world.etcd.delete(HEAD);
      await heir.world.advance(10);
      expect(heir.story).to.deep.equal(['failed: PERMISSION_DENIED', 'gone']);
    });

    it('needs no read once etcd has taken the range', async () => {
      isRefusing = false;
      await heir.world.advance(3_000);
      expect(heir.open).to.include(RANGE);
      const { reads } = heir;
      heir.world.etcd.put(OWN, 'forged');
      await heir.world.advance(10);
      expect(heir.story).to.deep.equal(['failed: PERMISSION_DENIED', 'rewritten']);
      heir.world.etcd.put(OWN, 'forged');
      heir.world.etcd.delete(HEAD);
      await heir.world.advance(10);
      expect([heir.story.slice(2), heir.reads - reads]).to.deep.equal([['rewritten', 'first'], 1]);
    });
  });

  it('reads when somebody has written its key', async () => {
    heir.world.etcd.put(OWN, 'forged');
    await heir.world.advance(10);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(10);
    expect([heir.story, heir.reads]).to.deep.equal([['rewritten', 'first'], 1]);
    expect(heir.won?.kv.lease).to.equal(0n);
  });

  it('reads when the range does not tell within a second what the watch of the key before has told', async () => {
    heir = new Heir({}, (store) => withDeafness(store, (end) => end !== undefined));
    await heir.queueBehind('jobs/1a', HEAD);
    heir.world.etcd.delete('jobs/1a');
    heir.tellHead();
    await heir.world.advance(200);
    heir.world.etcd.delete(HEAD);
    await heir.world.advance(900);
    expect([heir.story, heir.reads]).to.deep.equal([[], 0]);
    await heir.world.advance(200);
    expect([heir.story, heir.reads]).to.deep.equal([['first'], 1]);
  });
});

const NO = new ElectionError('PERMISSION_DENIED', 'no');

/** A store that refuses ranges when `isRefused` says so. */
function withRanges(store: Store, isRefused: (id: number, on: WatchHandlers) => boolean): Store {
  return withWatch(store, (on) => {
    const stream = store.watch(on);
    return {
      ...methodsOf(stream),
      create: (id, key, end, from) => {
        if (end === undefined || !isRefused(id, on)) stream.create(id, key, end, from);
      },
    };
  });
}

/** A store that tells nothing of the watches of which `isDeaf` says so, by the end of their range. */
function withDeafness(store: Store, isDeaf: (end: string | undefined) => boolean): Store {
  return withWatch(store, (on) => {
    const deaf = new Set<number>();
    const stream = store.watch({ ...on, events: (id, events) => !deaf.has(id) && on.events(id, events) });
    return {
      ...methodsOf(stream),
      create: (id, key, end, from) => {
        if (isDeaf(end)) deaf.add(id);
        stream.create(id, key, end, from);
      },
    };
  });
}

function withWatch(store: Store, watch: Store['watch']): Store {
  return {
    grant: (id, ttl) => store.grant(id, ttl),
    revoke: (id) => store.revoke(id),
    txn: (txn) => store.txn(txn),
    keepAlive: (id, on) => store.keepAlive(id, on),
    watch,
  };
}

function methodsOf(stream: WatchStream): WatchStream {
  return {
    create: (id, key, end, from) => stream.create(id, key, end, from),
    cancel: (id) => stream.cancel(id),
    ping: () => stream.ping(),
    overdue: () => stream.overdue(),
    close: () => stream.close(),
  };
}
