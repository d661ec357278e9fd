import { expect } from 'chai';
import { ViewWorld } from '../support/view/view-world.js';

const [A, B, C] = [0xa1n, 0xb2n, 0xc3n];

describe('a view whose watch was interrupted', () => {
  let world: ViewWorld;

  beforeEach(async () => {
    world = new ViewWorld({ seed: 7 });
    for (const lease of [A, B, C]) world.join('jobs', lease);
    await world.look();
    await world.advance(1_000);
  });

  afterEach(() => world.closed());

  it('shows what has changed meanwhile, with a time that says so', async () => {
    world.viewer.store.network = 'down';
    await world.advance(20_000);
    world.leave('jobs', A);
    world.etcd.compact();
    world.viewer.store.network = 'up';
    await world.until(() => world.news.at(-1) === 'answered', 'etcd answers again');
    expect(world.leaders).to.deep.equal({ jobs: 'jobs b2' });
    const [first, second] = world.election('jobs')?.terms ?? [];
    expect(first?.until).to.deep.equal(second?.from);
    expect([first?.ended, first?.until?.isExact, second?.until]).to.deep.equal(['unknown', false, undefined]);
    world.leave('jobs', B);
    await world.heard();
    expect(world.election('jobs')?.terms.at(-1)?.from?.isExact).to.equal(true);
  });

  it('is opened again 8.5 s after it has died silently at the latest, although etcd answers requests', async () => {
    const took: number[] = [];
    for (let quiet = 0; quiet <= 6_000; quiet += 500) {
      await world.closed();
      world = new ViewWorld({ seed: 7 });
      for (const lease of [A, B]) world.join('jobs', lease);
      await world.look();
      await world.advance(quiet);
      world.viewer.store.silenceStreams('watch');
      world.leave('jobs', A);
      const since = world.now;
      await world.advance(500);
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
      await world.until(() => world.leaders['jobs'] === 'jobs b2', 'the view has looked again', 20_000);
      took.push(world.now - since);
    }
    expect(Math.max(...took)).to.be.within(4_000, 8_500);
  });

  it('tells that etcd does not answer, and that it does again', async () => {
    world.etcd.loseQuorum();
    await world.until(() => world.news.includes('UNAVAILABLE'), 'the view notices', 15_000);
    expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
    world.etcd.restoreQuorum();
    await world.until(() => world.news.at(-1) === 'answered', 'the view notices', 15_000);
    expect(world.terms('jobs')).to.deep.equal(['jobs a1: ~4 to now']);
  });

  it('waits for an etcd that is away when the view begins', async () => {
    world.view.close();
    world.etcd.restart(30_000);
    const view = world.begin();
    const started = view.start();
    await world.until(() => world.news.includes('UNAVAILABLE'), 'the view notices', 15_000);
    await world.settled(started);
    expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
    await world.advance(1_000); // its watch was asked for while there was no stream, so it reads once more
  });

  it('goes on after a compaction of what it has not seen', async () => {
    world.etcd.restart(100);
    await world.advance(50);
    world.leave('jobs', A);
    world.etcd.compact();
    await world.until(() => world.leaders['jobs'] === 'jobs b2', 'the view has read');
    world.leave('jobs', B);
    await world.until(() => world.leaders['jobs'] === 'jobs c3', 'the view follows', 1_000);
  });

  it('goes on when etcd’s history has begun anew: tokens are lower then', async () => {
    for (let n = 0; n < 20; n++) world.join('jobs', A, `${n}`);
    world.leave('jobs', A, B);
    world.join('jobs', A);
    await world.heard();
    expect(world.leaders).to.deep.equal({ jobs: 'jobs c3' });
    world.etcd.beginAnew('nothing', 1_000);
    world.join('jobs', B, 'after');
    await world.until(() => world.leaders['jobs'] === 'after', 'the view has believed it');
    const terms = world.election('jobs')?.terms ?? [];
    const [before, after] = terms.slice(-2);
    expect([before?.value, before?.until?.isExact, after?.value]).to.deep.equal(['jobs c3', false, 'after']);
    expect((after?.fencingToken ?? 0n) < (before?.fencingToken ?? 0n)).to.equal(true);
  });

  it('refuses to start where it may not read, and keeps trying', async () => {
    world.view.close();
    const { ElectionError } = await import('../../lib/errors.js');
    world.viewer.store.faults.txn = { error: new ElectionError('PERMISSION_DENIED', 'no') };
    const view = world.begin();
    expect(await world.refusal(view.start())).to.equal('PERMISSION_DENIED');
    world.viewer.store.faults.txn = 'ok';
    await world.until(() => world.news.at(-1) === 'answered', 'the view may read');
    expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
  });
});
