import { expect } from 'chai';
import { settle } from './support/virtual-time.js';
import { settling, World } from './support/world.js';

describe('elected()', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('resolves with the leadership, also when it was asked for before start()', async () => {
    const { election } = world.candidate('a');
    const elected = election.elected();
    await settle();
    election.start();
    expect(await world.settled(elected)).to.equal(election.leadership);
  });

  it('resolves at once for a leader', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    expect(await election.elected()).to.equal(election.leadership);
  });

  it('resolves after the event, when state and leadership are there', async () => {
    const { election } = world.candidate('a');
    const order: string[] = [];
    election.on('elected', () => order.push(`event: ${election.state}`));
    await world.settled(
      election
        .start()
        .elected()
        .then(() => order.push(`promise: ${election.state}`)),
    );
    expect(order).to.deep.equal(['event: leading', 'promise: leading']);
  });

  it('does not resolve with a leadership whose deadline has passed', async () => {
    const { election, clock } = world.candidate('a');
    await world.queued(election);
    const before = election.leadership;
    clock.pause();
    await world.advance(20_000);
    const elected = settling(election.elected());
    await settle();
    expect([election.leadership === before, elected.done]).to.deep.equal([true, false]);
    clock.resume();
    await world.until(() => elected.done, 'it is elected again', 10_000);
    expect(election.leadership === before).to.equal(false);
  });

  it('goes on waiting through losses and failures', async () => {
    const [a, b] = [world.candidate('a'), world.candidate('b')];
    await world.queued(a.election, b.election);
    const elected = b.election.elected();
    world.etcd.revoke(world.etcd.leases()[1]?.id ?? 0n);
    await world.advance(500);
    b.store.network = 'down';
    await world.advance(20_000);
    b.store.network = 'up';
    await world.advance(3_000);
    void a.election.stop();
    expect(await world.settled(elected)).to.equal(b.election.leadership);
  });

  for (const state of ['idle', 'joining', 'waiting'] as const) {
    it(`rejects with STOPPED when the candidate is stopped while ${state}`, async () => {
      const [first, { election, store }] = [world.candidate('first'), world.candidate('a')];
      await world.queued(first.election);
      if (state === 'joining') store.network = 'silent';
      if (state === 'waiting') await world.queued(election);
      else if (state === 'joining') election.start();
      const elected = election.elected();
      await settle();
      expect(election.state).to.equal(state);
      const stopping = election.stop();
      expect(await world.refusal(elected)).to.equal('STOPPED');
      await world.settled(stopping);
    });
  }

  it('rejects with STOPPED when it is asked during stop() and nobody starts again', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    const stopping = election.stop();
    expect(await world.refusal(election.elected())).to.equal('STOPPED');
    await world.settled(stopping);
  });

  it('rejects with ABORTED and the cause when its signal aborts; the candidate stays in the queue', async () => {
    const [a, b] = [world.candidate('a'), world.candidate('b')];
    await world.queued(a.election, b.election);
    const controller = new AbortController();
    const elected = b.election.elected({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const err = await elected.catch((error: unknown) => error);
    expect(err).to.include({ code: 'ABORTED', cause: reason });
    expect(b.election.state).to.equal('waiting');
    await world.settled(a.election.stop());
    await world.until(() => b.election.isLeader(), 'b leads', 50);
  });

  it('rejects with ABORTED at once when its signal is aborted already, also for a leader', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    expect(await world.refusal(election.elected({ signal: AbortSignal.abort() }))).to.equal('ABORTED');
  });

  it('rejects what is no signal, by name', async () => {
    const { election } = world.candidate('a');
    expect(await world.refusal(election.elected({ signal: 'soon' as never }))).to.equal('INVALID_OPTION');
  });

  it('settles each of many calls on its own', async () => {
    const { election } = world.candidate('a');
    const controller = new AbortController();
    const [one, two] = [election.elected(), election.elected({ signal: controller.signal })];
    controller.abort();
    expect(await world.refusal(two)).to.equal('ABORTED');
    election.start();
    expect(await world.settled(one)).to.equal(election.leadership);
  });

  it('rejects with STOPPED, also when stop() comes while the candidate steps down', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    const steppingDown = election.stepDown();
    const stopping = election.stop();
    const elected = world.refusal(election.elected());
    await world.settled(Promise.all([steppingDown, stopping]));
    expect(await elected).to.equal('STOPPED');
  });
});
