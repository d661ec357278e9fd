import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { Election } from '../lib/election.js';
import { etcdLeader } from '../lib/original.js';
import { tracked } from './support/track.js';

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

  it('takes 10 s when no TTL is given', () => {
    expect(etcdLeader(etcd, '/master', 'node-1').state).to.equal('idle');
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

  for (const ttl of [0, '10', undefined]) {
    it(`takes ${JSON.stringify(ttl)} for a TTL, as the original did`, () => {
      expect(etcdLeader(etcd, '/master', 'node-1', ttl as never).state).to.equal('idle');
    });
  }

  it('refuses a TTL that is none, by name', () => {
    expect(() => etcdLeader(etcd, '/master', 'node-1', 1))
      .to.throw('`ttl` must be')
      .with.property('code', 'INVALID_OPTION');
  });

  it('refuses what is no client', () => {
    expect(() => etcdLeader({} as never, '/master', 'node-1'))
      .to.throw('`etcd` must be')
      .with.property('code', 'INVALID_OPTION');
  });
});
