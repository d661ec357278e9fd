import { expect } from 'chai';
import { toJson } from '../../lib/view/json.js';
import { ViewWorld } from '../support/view/view-world.js';

const [A, B, C, D] = [0xa1n, 0xb2n, 0xc3n, 0xd4n];

describe('a view', () => {
  let world: ViewWorld;

  beforeEach(() => {
    world = new ViewWorld();
  });

  afterEach(() => world.closed());

  it('shows who leads, who waits and since when, as a read finds it', async () => {
    world.join('mail', C);
    world.join('jobs', A);
    world.join('jobs', B);
    const { picture } = await world.look('jobs');
    expect(toJson(picture)).to.deep.equal({
      revision: '4',
      elections: [
        {
          name: 'jobs',
          leader: { value: 'jobs a1', fencingToken: '3', leaseId: 'a1', since: { at: 4, exact: false } },
          blockedBy: null,
          queue: [
            { leaseId: 'a1', fencingToken: '3', isOurs: false, value: 'jobs a1' },
            { leaseId: 'b2', fencingToken: '4', isOurs: false, value: null },
          ],
          terms: [
            {
              value: 'jobs a1',
              fencingToken: '3',
              leaseId: 'a1',
              from: { at: 4, exact: false },
              until: null,
              ended: null,
              why: null,
              isRecorded: false,
            },
          ],
        },
      ],
      pools: [],
    });
  });

  it('is whole at once when there is nothing, and shows what comes', async () => {
    await world.look();
    expect(world.names).to.deep.equal([]);
    world.join('jobs', A);
    await world.heard();
    expect([world.leaders, world.changes]).to.deep.equal([{ jobs: 'jobs a1' }, [{ elections: ['jobs'], pools: [] }]]);
  });

  it('shows a change of leader with the time at which it was seen', async () => {
    world.join('jobs', A);
    world.join('jobs', B);
    await world.look();
    await world.runUntil(1_000);
    world.leave('jobs', A);
    await world.heard();
    expect(world.terms('jobs')).to.deep.equal(['jobs a1: ~4 to 1001, unknown', 'jobs b2: 1001 to now']);
    expect(world.changes).to.deep.equal([{ elections: ['jobs'], pools: [] }]);
  });

  it('shows what a leader proclaims in the same term, and what a candidate that waits has told', async () => {
    world.join('jobs', A);
    await world.look();
    world.join('jobs', B);
    world.join('jobs', A, 'another value');
    await world.heard();
    expect(world.terms('jobs')).to.deep.equal(['another value: ~4 to now']);
    expect(world.election('jobs')?.queue.map(({ value }) => value)).to.deep.equal(['another value', 'jobs b2']);
    expect(world.election('jobs')?.leader?.since).to.deep.equal({ at: 4, isExact: false });
  });

  it('keeps the terms of an election that nobody stands for, and shows that nobody leads', async () => {
    world.join('jobs', A);
    await world.look();
    world.leave('jobs', A);
    await world.heard();
    expect(world.leaders).to.deep.equal({ jobs: 'nobody' });
    await world.advance(3_590_000);
    expect(world.terms('jobs')).to.have.length(1);
    world.changes.length = 0;
    await world.advance(20_000);
    expect([world.names, world.changes]).to.deep.equal([[], [{ elections: ['jobs'], pools: [] }]]);
  });

  it('shows a thousand elections that nobody stands for, those that were left last', async () => {
    for (let n = 0; n < 1_010; n++) world.join(`e${n}`, A);
    await world.look();
    for (let n = 0; n < 1_010; n++) world.leave(`e${n}`, A);
    await world.advance(10_000);
    expect(world.names).to.have.length(1_000);
  });

  it('keeps a hundred terms of an election', async () => {
    await world.look();
    for (let n = 0n; n < 110n; n++) {
      world.join('jobs', A, `${n}`);
      await world.advance(5);
      world.leave('jobs', A);
      await world.advance(5);
    }
    await world.heard();
    const terms = world.election('jobs')?.terms ?? [];
    expect([terms.length, terms[0]?.value, terms.at(-1)?.value]).to.deep.equal([100, '10', '109']);
  });

  it('keeps 4 kB of a value', async () => {
    world.join('jobs', A, 'x'.repeat(10_000));
    await world.look();
    expect(world.election('jobs')?.leader?.value).to.have.length(4_096);
  });

  it('leaves out elections whose names do not begin with the prefix', async () => {
    for (const name of ['job', 'jobs', 'jobs/mail', 'jobs2', 'other']) world.join(name, A);
    await world.look('jobs');
    world.join('job', B);
    world.join('job0', B);
    await world.heard();
    expect(world.names).to.deep.equal(['jobs', 'jobs/mail', 'jobs2']);
  });

  it('tells an election from those that are nested in it', async () => {
    world.join('jobs/a', A);
    world.join('jobs', B);
    await world.look();
    world.join('jobs/b', C);
    world.join('jobs/a/x', D);
    await world.heard();
    expect(world.leaders).to.deep.equal({
      jobs: 'jobs b2',
      'jobs/a': 'jobs/a a1',
      'jobs/a/x': 'jobs/a/x d4',
      'jobs/b': 'jobs/b c3',
    });
  });
});

describe('why a term has ended, as far as keys show it', () => {
  let world: ViewWorld;

  beforeEach(() => {
    world = new ViewWorld();
  });

  afterEach(() => world.closed());

  const ends = (name: string): readonly (string | undefined)[] =>
    (world.election(name)?.terms ?? []).map(({ ended }) => ended);

  it('is a lease that ended, when other keys went with it', async () => {
    for (const name of ['jobs', 'mail']) world.join(name, A);
    await world.look();
    world.etcd.revoke(A);
    await world.heard();
    expect([ends('jobs'), ends('mail')]).to.deep.equal([['lease ended'], ['lease ended']]);
  });

  it('is a release, when other keys of the lease are still there', async () => {
    for (const name of ['jobs', 'mail']) world.join(name, A);
    await world.look();
    world.leave('jobs', A);
    await world.heard();
    expect([ends('jobs'), ends('mail')]).to.deep.equal([['released'], [undefined]]);
  });

  it('is a release, when the candidate queues again on the same lease', async () => {
    world.join('jobs', A);
    world.join('jobs', B);
    await world.look();
    world.leave('jobs', A);
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['unknown', undefined]);
    world.join('jobs', A);
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['released', undefined]);
  });

  it('is a handover, when those between have made way: nobody of them has led', async () => {
    for (const lease of [A, B, C, D]) world.join('jobs', lease);
    await world.look();
    world.leave('jobs', A, B, C);
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['handed over', undefined]);
    expect(world.leaders).to.deep.equal({ jobs: 'jobs d4' });
  });

  it('is a handover, when the leader has taken an ask', async () => {
    world.join('jobs', A);
    world.join('jobs', B);
    await world.look();
    const token = world.election('jobs')?.leader?.fencingToken;
    world.etcd.put('jobs!taken', JSON.stringify({ v: 1, token: `${token}` }));
    world.leave('jobs', A);
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['handed over', undefined]);
  });

  it('is not known, when an operator deletes all keys together', async () => {
    for (const lease of [A, B]) world.join('jobs', lease);
    await world.look();
    world.leave('jobs', A, B);
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['unknown']);
  });

  it('is known of candidates of this library: a release that steps down, a handover to a named one', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    await world.queued(a, b);
    await world.look();
    await world.settled(a.stepDown());
    await world.heard();
    expect(ends('jobs')).to.deep.equal(['released', undefined]);
    await world.settled(Promise.all([a.stop(), b.stop()]));
  });
});
