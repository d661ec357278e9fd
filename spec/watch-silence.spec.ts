import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import { leaseIn } from '../lib/queue/keys.js';
import { WatchMultiplexer } from '../lib/watch/multiplexer.js';
import { type Process, World } from './support/world.js';

describe('a watch that', () => {
  let world: World;
  let process: Process;
  let watch: WatchMultiplexer;
  let story: string[];

  beforeEach(async () => {
    world = new World();
    process = world.process('one');
    watch = new WatchMultiplexer(
      process.store,
      process.clock,
      { quiet: 5_000, patience: 2_000, groupOf: leaseIn },
      () => {},
    );
    story = [];
  });

  const follow = (key = 'a'): (() => void) =>
    watch.follow({ key }, world.etcd.revision + 1n, {
      changed: (event) => story.push(`${world.now} ${event.type} ${event.key}`),
      reset: () => story.push(`${world.now} reset`),
      refused: ({ code }) => story.push(`${world.now} refused: ${code}`),
    });
  const opened = (): number => process.store.requests.watchStream;

  describe('is quiet', () => {
    it('is asked for a sign of life, and stays as it is when it gives a sign', async () => {
      follow();
      await world.advance(60_000);
      expect([opened(), story]).to.deep.equal([1, []]);
      expect(process.store.requests.ping).to.be.within(6, 12);
    });

    it('is not asked as long as something is heard of it', async () => {
      follow();
      await world.advance(1_000);
      for (let second = 0; second < 30; second += 1) {
        world.etcd.put('a', 'x');
        await world.advance(1_000);
      }
      expect(process.store.requests.ping).to.equal(0);
    });

    it('is given up when the sign of life does not come, and is opened elsewhere', async () => {
      follow();
      await world.runUntil(2_000); // the first interval ends; the watch was created in it
      process.store.silenceStreams('watch');
      await world.runUntil(8_999);
      expect(opened(), 'quiet from 2000 to 7000, asked, and patient until 9000').to.equal(1);
      await world.runUntil(9_000 + 20);
      expect(opened()).to.equal(2);
      await world.advance(10);
      expect(story).to.have.length(2);
      expect(story[0], 'a read at once').to.equal('9000 reset');
      expect(story[1], 'and when it runs again').to.match(/reset$/);
    });

    it('is given up soon when it never came to life', async () => {
      process.store.faults.next('watch', 'hang');
      follow();
      await world.runUntil(3_999);
      expect(opened()).to.equal(1);
      await world.runUntil(4_020);
      expect(opened()).to.equal(2);
    });

    it('misses nothing of what happened on the way', async () => {
      follow();
      await world.advance(100);
      process.store.silenceStreams('watch');
      world.etcd.put('a', 'x');
      world.etcd.delete('a');
      await world.advance(10_000);
      const told = story.map((line) => line.replace(/^\d+(\.\d+)? /, ''));
      expect(told, 'a read at once, and another when it runs again').to.deep.equal([
        'reset',
        'reset',
        'put a',
        'delete a',
      ]);
    });

    it('has its followers read each time that it is given up, though no other stream is answered', async () => {
      follow();
      await world.advance(100);
      const { store } = process;
      const open = store.watch.bind(store);
      store.watch = (on) => Object.assign(open(on), { create: () => {}, ping: () => {} });
      store.silenceStreams('watch');
      await world.runUntil(30_000);
      expect(story.map((line) => line.replace(/^\S+ /, ''))).to.deep.equal(Array(story.length).fill('reset'));
      expect(story.length).to.be.within(4, 8);
    });

    it('is given another chance when we were late ourselves, since the answer may lie in the socket', async () => {
      follow();
      await world.runUntil(7_000.5);
      expect(process.store.requests.ping).to.equal(1);
      process.clock.pause();
      await world.advance(20_000);
      process.clock.resume('timers first');
      await world.advance(5_000);
      expect([opened(), story]).to.deep.equal([1, []]);
    });

    it('is given up all the same when there was no answer in the socket', async () => {
      follow();
      await world.runUntil(2_500);
      process.store.silenceStreams('watch');
      await world.runUntil(7_000.5);
      process.clock.pause();
      await world.advance(20_000);
      process.clock.resume('timers first');
      await world.advance(1_999);
      expect(opened()).to.equal(1);
      await world.advance(30);
      expect(opened()).to.equal(2);
    });
  });

  describe('etcd refuses', () => {
    const refuse = (key = 'a'): void =>
      process.store.cancelWatches(key, new ElectionError('PERMISSION_DENIED', 'not yours'));

    /** Makes every stream refuse the watches of these keys. */
    const refuseAll = (isRefused: (key: string) => boolean): void => {
      const { store, clock } = process;
      const open = store.watch.bind(store);
      store.watch = (on) => {
        const stream = open(on);
        const create = stream.create.bind(stream);
        stream.create = (...args) => {
          if (!isRefused(args[1])) return create(...args);
          clock.after(2, () => on.cancelled(args[0], undefined, new ElectionError('PERMISSION_DENIED', 'no')));
        };
        return stream;
      };
    };

    it('is first tried on another stream, which has another token', async () => {
      follow();
      await world.advance(100);
      refuse();
      await world.advance(100);
      expect(opened()).to.equal(2);
      expect(story.map((line) => line.split(' ')[1])).to.deep.equal(['reset']);
    });

    // For some of these moments the retries, 2 s after the refusal, fall into the pause before the stream is opened
    // again.
    for (let after = 1_960; after < 2_020; after += 4) {
      it(`leaves room for others when the stream breaks ${after} ms later, however many are refused`, async () => {
        refuseAll((key) => key.startsWith('forbidden'));
        follow('allowed');
        for (let n = 0; n < 100; n++) follow(`forbidden ${n}`);
        await world.until(() => story.some((line) => line.includes('refused')), 'a refusal');
        await world.advance(after);
        process.store.breakStreams('watch');
        await world.advance(1_000);
        story.length = 0;
        follow('mine');
        await world.advance(1_000);
        world.etcd.put('mine', 'x');
        await world.advance(100);
        expect(
          story.map((line) => line.replace(/^\S+ /, '')).filter((line) => !line.startsWith('refused')),
        ).to.deep.equal(['put mine']);
      });
    }

    it('is told as refused the second time in a row, and tried again every 2 s', async () => {
      let refusing = true;
      refuseAll(() => refusing);
      follow();
      follow('b')();
      await world.runUntil(10);
      expect(story).to.deep.equal([]);
      await world.runUntil(4_100);
      expect(opened(), 'the stream is left alone: others use it').to.equal(2);
      expect(story.map((line) => line.replace(/^\S+ /, ''))).to.deep.equal([
        'refused: PERMISSION_DENIED',
        'refused: PERMISSION_DENIED',
        'refused: PERMISSION_DENIED',
      ]);
      refusing = false;
      await world.runUntil(6_200);
      expect(story.at(-1)).to.match(/reset$/);
      world.etcd.put('a', 'x');
      await world.advance(10);
      expect(story.at(-1)).to.match(/put a$/);
    });

    it('is not tried again when nobody follows it any more', async () => {
      const leave = follow();
      follow('b');
      await world.advance(100);
      refuse();
      await world.advance(100);
      refuse();
      await world.advance(10);
      leave();
      await world.advance(10_000);
      expect(process.store.open).to.deep.equal(['watch stream', 'watch b']);
    });
  });
});
