import { expect } from 'chai';
import { electionJson } from '../../lib/view/json.js';
import type { ElectionPicture, TermPicture } from '../../lib/view/picture.js';
import { type Changes, View } from '../../lib/view/view.js';
import { type Process, World } from '../support/world.js';

/** A lease that a candidate's key is named after. */
const HEX = (lease: bigint): string => lease.toString(16);

describe('a view', () => {
  let world: World;
  let viewer: Process;
  let view: View;
  let changes: Changes[];

  beforeEach(() => {
    world = new World();
    changes = [];
  });

  afterEach(async () => {
    view.close();
    await world.advance(150);
    expect([viewer.store.open, viewer.clock.timers]).to.deep.equal([[], []]);
  });

  const look = async (prefix = ''): Promise<void> => {
    viewer = world.process('viewer');
    view = new View(viewer, prefix, { now: () => Math.round(world.now) });
    view.on('changed', (_, names) => changes.push(names));
    view.on('error', () => {});
    await world.settled(view.start());
    changes.length = 0;
  };
  /** A candidate's key as other clients write it. */
  const join = (name: string, lease: bigint, value = `${name} ${HEX(lease)}`): void => {
    if (world.etcd.leases().every(({ id }) => id !== lease)) world.etcd.grant(lease, 600);
    world.etcd.put(`${name}/${HEX(lease)}`, value, lease);
  };
  const leave = (name: string, lease: bigint): void => world.etcd.delete(`${name}/${HEX(lease)}`);
  const of = (name: string): ElectionPicture | undefined =>
    view.picture.elections.find((election) => election.name === name);
  const story = (name: string): string[] => (of(name)?.terms ?? []).map(told);
  const told = ({ value, from, until, ended }: TermPicture): string => {
    const [began, end] = [from, until].map((moment) => `${moment?.isExact ? '' : '~'}${moment?.at ?? 'now'}`);
    return `${value}: ${began} to ${until === undefined ? 'now' : end}${ended === undefined ? '' : `, ${ended}`}`;
  };
  const settled = (): Promise<void> => world.advance(200);

  it('shows who leads, who waits and since when, as a read finds them', async () => {
    join('jobs', 0xa1n);
    join('jobs', 0xb2n);
    join('mail', 0xc3n);
    await look();
    expect(view.picture.elections.map(({ name }) => name)).to.deep.equal(['jobs', 'mail']);
    expect(of('jobs') && electionJson(of('jobs') as ElectionPicture)).to.deep.equal({
      name: 'jobs',
      leader: { value: 'jobs a1', fencingToken: '2', leaseId: 'a1', since: { at: 4, exact: false } },
      blockedBy: null,
      queue: [
        { leaseId: 'a1', fencingToken: '2', isOurs: false, value: 'jobs a1' },
        { leaseId: 'b2', fencingToken: '3', isOurs: false, value: null },
      ],
      terms: [
        {
          value: 'jobs a1',
          fencingToken: '2',
          leaseId: 'a1',
          from: { at: 4, exact: false },
          until: null,
          ended: null,
          isRecorded: false,
        },
      ],
    });
  });

  it('tells changes of leader with the time at which it saw them', async () => {
    join('jobs', 0xa1n);
    join('jobs', 0xb2n);
    await look();
    await world.runUntil(1_000);
    leave('jobs', 0xa1n);
    await settled();
    expect(story('jobs')).to.deep.equal(['jobs a1: ~4 to 1001, unknown', 'jobs b2: 1001 to now']);
    expect(changes).to.deep.equal([{ elections: ['jobs'], pools: [] }]);
  });
});
