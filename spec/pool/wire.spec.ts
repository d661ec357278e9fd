import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodePartition, PoolKeys } from '../../lib/pool/keys.js';
import { bytesOfList, PartitionList } from '../../lib/pool/partition-list.js';
import {
  encodeMember,
  encodePlan,
  type MemberValue,
  parseControl,
  parseList,
  parseMember,
  parsePlan,
} from '../../lib/pool/wire.js';

const MEMBER: MemberValue = {
  id: 'worker-3',
  weight: 1,
  announcement: { count: 256 },
  isLeaving: false,
  isUnfit: false,
};

describe('what a pool writes into etcd', () => {
  const read = (text: string): MemberValue | undefined => parseMember(Buffer.from(text));

  it('says of a member its id, its weight, and its partitions by number or by the hash of their names', () => {
    expect(encodeMember(MEMBER).toString()).to.equal('{"v":1,"id":"worker-3","weight":1,"count":256}');
    const { announcement } = PartitionList.named(['mail', 'größe']);
    const list = createHash('sha256').update('["mail","größe"]').digest('hex').slice(0, 16);
    expect(encodeMember({ ...MEMBER, announcement }).toString()).to.equal(
      `{"v":1,"id":"worker-3","weight":1,"list":"${list}"}`,
    );
  });

  it('says of a member that it leaves, or is unfit, when it does', () => {
    const value = { ...MEMBER, isLeaving: true, isUnfit: true };
    expect(encodeMember(value).toString()).to.equal(
      '{"v":1,"id":"worker-3","weight":1,"count":256,"leaving":true,"unfit":true}',
    );
    expect(parseMember(encodeMember(value))).to.deep.equal(value);
  });

  it('says a plan in runs of three and more, and whom to hand over to', () => {
    const plan = { by: '17', own: [0, 1, 2, 3, 17, 18, 230], give: new Map([[31, '6a0f']]) };
    expect(encodePlan(plan).toString()).to.equal('{"v":1,"by":"17","own":[[0,3],17,18,230],"give":{"31":"6a0f"}}');
  });

  it('is read as it was written, whatever the plan', () => {
    const anyPlan = fc.record({
      by: fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String),
      own: fc.uniqueArray(fc.nat(99)).map((own) => own.sort((a, b) => a - b)),
      give: fc
        .array(fc.tuple(fc.nat(99), fc.stringMatching(/^[0-9a-f]{1,16}$/)))
        .map((pairs) => new Map(pairs.sort(([a], [b]) => a - b))),
    });
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(parsePlan(encodePlan(plan), 100)).to.deep.equal(plan);
      }),
    );
  });

  it('is read without the fields that this version does not know', () => {
    expect(read('{"v":1,"id":"worker-3","weight":1,"count":256,"zone":"b"}')).to.deep.equal(MEMBER);
    const plan = parsePlan(Buffer.from('{"v":1,"by":"1","own":[1],"give":{},"note":{"x":[]}}'), 4);
    expect(plan).to.deep.equal({ by: '1', own: [1], give: new Map() });
    const control = parseControl(Buffer.from('{"v":1,"paused":true,"drained":["a"],"note":"x"}'));
    expect(control).to.deep.equal({ isPaused: true, drained: new Set(['a']) });
  });

  for (const nonsense of [
    'x',
    '[]',
    '{"v":2,"id":"a","weight":1,"count":4}',
    '{"v":1,"weight":1,"count":4}',
    '{"v":1,"id":"a","weight":-1,"count":4}',
    '{"v":1,"id":"a","weight":"1","count":4}',
    '{"v":1,"id":"a","weight":1}',
    '{"v":1,"id":"a","weight":1,"count":0}',
    '{"v":1,"id":"a","weight":1,"count":100001}',
    '{"v":1,"id":"a","weight":1,"list":"../../x"}',
  ]) {
    it(`is nobody’s as a member that makes no sense: ${nonsense}`, () => {
      expect(read(nonsense)).to.equal(undefined);
    });
  }

  it('is no wish of an operator, and no list, when it makes no sense', () => {
    for (const text of ['', 'x', '[]', '{"v":2,"paused":true}', '{"v":1,"paused":1,"drained":"a"}']) {
      expect(parseControl(Buffer.from(text)), text).to.deep.equal({ isPaused: false, drained: new Set() });
    }
    for (const text of ['', '{}', '["a",""]', '["a",1]'])
      expect(parseList(Buffer.from(text)), text).to.equal(undefined);
    expect(parseList(bytesOfList(['a', 'ä']))).to.deep.equal(['a', 'ä']);
  });

  it('has each partition in one segment of a key, whatever it is called', () => {
    expect([encodePartition('a/b'), encodePartition('100 %'), encodePartition('%2F')]).to.deep.equal([
      'a%2Fb',
      '100 %25',
      '%252F',
    ]);
    const keys = new PoolKeys('jobs/p');
    const anyName = fc.string({ minLength: 1, unit: 'binary' }).filter((name) => !name.includes('!'));
    fc.assert(
      fc.property(anyName, (name) => {
        expect(keys.partitionOf(keys.owner(name, '1f'))).to.equal(name);
      }),
    );
  });
});
