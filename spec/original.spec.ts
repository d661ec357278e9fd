import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { Election } from '../lib/election.js';
import { etcdLeader } from '../lib/original.js';
import { tracked } from './support/track.js';
import { World } from './support/world.js';

describe('etcdLeader(), the call of the original package', () => {
  let etcd: Etcd3;
  beforeEach(() => {
    const client = new Etcd3({ hosts: '127.0.0.1:1' });
    tracked({ close: () => client.close() });
    etcd = client;
  });

  it('makes an election that announces the name, and does not start it', () => {
    const election = etcdLeader(etcd, '/master', 'node-1', 5);
    expect(election).to.be.instanceOf(Election);
    expect([election.name, election.isRunning(), election.isLeader()]).to.deep.equal(['/master', false, false]);
    expect(election.currentLeader()).to.equal(undefined);
  });

  /** The TTL in seconds that etcd is asked for. */
  const granted = async (...args: unknown[]): Promise<number | undefined> => {
    const world = new World();
    const { store, clock } = world.process('node-1');
    const source = { ...etcd, kv: etcd.kv, leaseClient: etcd.leaseClient, watchClient: etcd.watchClient, store, clock };
    const election = etcdLeader(source as never, '/master', 'node-1', ...(args as [never]));
    await world.queued(election);
    return world.etcd.leases()[0]?.ttl;
  };

  it('takes 10 s when no TTL is given', async () => {
    expect(await granted()).to.equal(10);
  });

  for (const [args, message] of [
    [[], 'etcd is required'],
    [[null, '/master', 'node-1'], 'etcd is required'],
    [['etcd'], 'node key not specified'],
    [['etcd', ''], 'node key not specified'],
    [['etcd', '/master'], 'node name not specified'],
    [['etcd', '/master', ''], 'node name not specified'],
    [['etcd', ' ', 'node-1'], 'node key not specified'],
    [['etcd', '/master', ' '], 'node name not specified'],
  ] as const) {
    it(`says "${message}" when called with (${args.map(String).join(', ')})`, () => {
      const [client, key, name] = args;
      const first = client === 'etcd' ? etcd : client;
      expect(() => etcdLeader(first as never, key as never, name as never)).to.throw(Error, message);
    });
  }

  for (const [ttl, seconds] of [
    [5, 5],
    [0, 10],
    ['7', 7],
    [undefined, 10],
  ] as const) {
    it(`takes ${JSON.stringify(ttl)} for a TTL of ${seconds} s, as the original did`, async () => {
      expect(await granted(ttl)).to.equal(seconds);
    });
  }

  for (const ttl of [1, 2.5, Number.NaN, 'abc', '', '0', false]) {
    it(`refuses ${typeof ttl === 'string' ? JSON.stringify(ttl) : ttl} for a TTL, by name`, () => {
      expect(() => etcdLeader(etcd, '/master', 'node-1', ttl as never))
        .to.throw('`ttl` must be')
        .with.property('code', 'INVALID_OPTION');
    });
  }

  it('refuses what is no client, a namespace of one among it', () => {
    for (const source of [{}, etcd.namespace('app/')]) {
      expect(() => etcdLeader(source as never, '/master', 'node-1'))
        .to.throw('`etcd` must be')
        .with.property('code', 'INVALID_OPTION');
    }
  });
});
