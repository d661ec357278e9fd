import { expect } from 'chai';
import { candidate, leading, openClient, queued } from '../support/candidates.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';

/** The key and the value are not UTF-8, and each has a byte that ends strings elsewhere. */
const KEY = Buffer.from([0xff, 0x00, 0x80, 0xfe]);
const VALUE = Buffer.from([0xc3, 0x28, 0x00, 0x0a, 0xff]);

describe('a candidate of another client whose key and value are bytes, not text,', () => {
  const cluster = sharedCluster();

  /** Joins as any client may: by a key under the election's name, with a lease. */
  async function joinWithBytes(name: string): Promise<{ leave(): Promise<void> }> {
    const client = openClient(cluster().hosts);
    const { ID: lease } = await client.leaseClient.leaseGrant({ TTL: 60 });
    await client.kv.put({ key: Buffer.concat([Buffer.from(`${name}/`), KEY]), value: VALUE, lease });
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
