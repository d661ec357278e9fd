import { expect } from 'chai';
import { candidate, leading, openClient, queued } from '../support/candidates.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';

/** The end of a key, and a value. Neither is UTF-8, and each has a byte that ends strings elsewhere. */
const KEY = Buffer.from([0xff, 0x00, 0x80, 0xfe]);
const VALUE = Buffer.from([0xc3, 0x28, 0x00, 0x0a, 0xff]);

describe('a candidate of another client whose value is bytes, not text,', () => {
  const cluster = sharedCluster();

  /** Joins as any client may: a key under the election's name, with a lease; by default named after the lease. */
  async function joinWithBytes(name: string, key?: Buffer): Promise<{ leave(): Promise<void> }> {
    const client = openClient(cluster().hosts);
    const { ID: lease } = await client.leaseClient.leaseGrant({ TTL: 60 });
    const last = key ?? Buffer.from(BigInt(lease).toString(16));
    await client.kv.put({ key: Buffer.concat([Buffer.from(`${name}/`), last]), value: VALUE, lease });
    return { leave: async () => void (await client.leaseClient.leaseRevoke({ ID: lease })) };
  }

  it('leads before ours, is told with its bytes, and is followed by ours when it goes', async () => {
    const name = uniqueName();
    const other = await joinWithBytes(name);
    const own = candidate(cluster().hosts, name, { value: 'own' });
    const leaders: (Buffer | undefined)[] = [];
    own.on('leader', (_, leader) => leaders.push(leader?.bytes));
    await queued(own);
    expect(own.state).to.equal('waiting');
    expect((await own.candidates()).map(({ bytes }) => bytes)).to.deep.equal([VALUE, Buffer.from('own')]);
    await other.leave();
    await leading(own);
    expect(leaders).to.deep.equal([VALUE, Buffer.from('own')]);
  });

  it('waits behind ours, and is the leader once ours has gone', async () => {
    const name = uniqueName();
    const own = candidate(cluster().hosts, name);
    await leading(own);
    const other = await joinWithBytes(name);
    await own.stop();
    expect((await own.leader())?.bytes).to.deep.equal(VALUE);
    await other.leave();
  });

  it('never leads when its key does not name its lease, and is waited for all the same', async () => {
    const name = uniqueName();
    const other = await joinWithBytes(name, KEY);
    const own = candidate(cluster().hosts, name, { value: 'own' });
    const codes: string[] = [];
    own.on('error', ({ code }) => codes.push(code));
    await queued(own);
    expect(own.state).to.equal('waiting');
    const [first] = await own.candidates();
    expect([first?.bytes, first?.blocks, await own.leader()]).to.deep.equal([VALUE, true, undefined]);
    await other.leave();
    await leading(own);
    expect(codes).to.deep.equal(['BLOCKED']);
  });

  it('hears the bytes of ours as they were given', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const own = candidate(client, name, { value: VALUE });
    const { key } = await leading(own);
    expect(await client.get(key).buffer()).to.deep.equal(VALUE);
    await own.proclaim(Buffer.from([0x00]));
    expect(await client.get(key).buffer()).to.deep.equal(Buffer.from([0x00]));
  });
});
