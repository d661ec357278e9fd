import { expect } from 'chai';
import { Election } from '../../lib/index.js';
import { PoolKeys } from '../../lib/pool/keys.js';
import type { SeenMember } from '../../lib/pool/overview.js';
import { OutOfDate, PlanWriter } from '../../lib/pool/plan-writer.js';
import { hexOf } from '../../lib/store/bytes.js';
import { type Process, World } from '../support/world.js';

describe('the writer of plans', () => {
  const keys = new PoolKeys('p');
  const plan = { by: '1', own: [0], give: new Map<number, string>() };
  let world: World;
  let coordinator: Election;
  let writer: PlanWriter;
  let store: Process['store'];
  let members: SeenMember[];

  const leaseOfCoordinator = (): bigint => world.etcd.keys('p/coordinator/')[0]?.lease ?? 0n;

  /** A member on the coordinator's lease, as its key says. */
  const join = (): SeenMember => {
    const lease = leaseOfCoordinator();
    const hex = hexOf(lease);
    world.etcd.put(`p/members/${hex}`, '{}', lease);
    const flags = { isLeaving: false, isUnfit: false };
    return {
      id: 'a',
      weight: 1,
      announcement: { count: 1 },
      ...flags,
      lease,
      hex,
      createRevision: world.etcd.revision,
    };
  };

  beforeEach(async () => {
    world = new World();
    const process = world.process('a');
    coordinator = new Election(process, 'p/coordinator');
    await world.queued(coordinator);
    const { leadership } = coordinator;
    if (leadership === undefined) throw new Error('it does not lead');
    store = process.store;
    writer = new PlanWriter(store, keys, leadership);
    members = [join()];
  });

  const write = (): Promise<string> => {
    const written = writer.write(
      members.map((member) => ({ member, plan })),
      () => {},
    );
    const told = written.then(
      () => 'written',
      (err: unknown) => (err instanceof OutOfDate ? 'out of date' : String(err)),
    );
    return world.settled(told);
  };

  it('writes each plan on the lease of its worker', async () => {
    expect(await write()).to.equal('written');
    const [key] = world.etcd.keys('p/plan/');
    expect([key?.key, key?.lease]).to.deep.equal([`p/plan/${members[0]?.hex}`, members[0]?.lease]);
    expect(key?.value.toString()).to.equal('{"v":1,"by":"1","own":[0],"give":{}}');
  });

  it('writes nothing when the coordinator’s key is gone, or is another of the same name', async () => {
    const key = coordinator.leadership?.key ?? '';
    const lease = leaseOfCoordinator();
    world.etcd.delete(key);
    world.etcd.put(key, 'later', lease);
    expect(await write()).to.equal('out of date');
    expect(world.etcd.keys('p/plan/')).to.deep.equal([]);
  });

  it('writes nothing for a member that has gone, or come anew', async () => {
    const key = `p/members/${members[0]?.hex}`;
    world.etcd.delete(key);
    expect(await write()).to.equal('out of date');
    world.etcd.put(key, '{}', leaseOfCoordinator());
    expect(await write()).to.equal('out of date');
    expect(world.etcd.keys('p/plan/')).to.deep.equal([]);
  });

  it('writes the plans of a hundred workers in one transaction, and no more', async () => {
    const lengths: number[] = [];
    store.faults.draw = (request) => {
      if (request.kind === 'txn') lengths.push(request.txn.success.filter(({ type }) => type === 'put').length);
      return 'ok';
    };
    members = Array.from({ length: 250 }, (_, at) => {
      const lease = BigInt(at + 1);
      world.etcd.grant(lease, 3_600);
      world.etcd.put(`p/members/${hexOf(lease)}`, '{}', lease);
      return { ...(members[0] as SeenMember), lease, hex: hexOf(lease), createRevision: world.etcd.revision };
    });
    expect(await write()).to.equal('written');
    expect(lengths).to.deep.equal([100, 100, 50]);
    expect(world.etcd.keys('p/plan/')).to.have.length(250);
  });

  it('takes a member whose lease has ended for one that has gone', async () => {
    members = members.map((member) => ({ ...member, lease: 7n }));
    world.etcd.put('p/members/7', '{}');
    members = members.map((member) => ({ ...member, createRevision: world.etcd.revision }));
    expect(await write()).to.equal('out of date');
  });
});
