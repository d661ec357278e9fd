import { expect } from 'chai';
import { UnwantedWatches } from '../lib/watch/unwanted-watches.js';
import { type Process, World } from './support/world.js';

describe('watches that nobody wants any more', () => {
  let world: World;
  let process: Process;
  let cancelled: number[];
  let unwanted: UnwantedWatches;

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    cancelled = [];
    unwanted = new UnwantedWatches(process.clock, (id) => cancelled.push(id));
  });
  const add = (count: number): void => {
    for (let id = 1; id <= count; id++) unwanted.add(id);
  };

  it('are cancelled 5 ms later', async () => {
    add(1);
    unwanted.begin();
    await world.advance(4);
    expect(cancelled).to.deep.equal([]);
    await world.advance(1);
    expect([cancelled, process.clock.timers]).to.deep.equal([[1], []]);
  });

  it('are cancelled in their order, eight at a time', async () => {
    add(20);
    unwanted.begin();
    await world.advance(5);
    expect(cancelled).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    await world.advance(10);
    expect([cancelled.length, process.clock.timers]).to.deep.equal([20, []]);
  });

  it('are left alone while that is paused, and cancelled when it begins again', async () => {
    add(1);
    unwanted.begin();
    unwanted.pause();
    await world.advance(1_000);
    expect([cancelled, process.clock.timers]).to.deep.equal([[], []]);
    unwanted.begin();
    await world.advance(5);
    expect(cancelled).to.deep.equal([1]);
  });

  it('are forgotten with their stream', async () => {
    add(20);
    unwanted.begin();
    await world.advance(5);
    unwanted.clear();
    unwanted.begin();
    await world.advance(1_000);
    expect([cancelled.length, process.clock.timers]).to.deep.equal([8, []]);
  });
});
