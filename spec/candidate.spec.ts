import assert from 'node:assert/strict';
import { expect } from 'chai';
import type { Candidate } from '../lib/candidate.js';
import { toCandidate } from '../lib/queue/candidates.js';

describe('a candidate as its users see it', () => {
  const candidate = (): Candidate =>
    toCandidate({ key: 'jobs/1f', value: Buffer.from('a'), createRevision: 7n, modRevision: 9n, lease: 31n });
  const plain = {
    key: 'jobs/1f',
    value: 'a',
    bytes: Buffer.from('a'),
    leaseId: '1f',
    fencingToken: 7n,
    modRevision: 9n,
    blocks: false,
    isOurs: false,
  };

  it('is JSON with its revisions as strings and its bytes in base64', () => {
    const printed = { ...plain, bytes: 'YQ==', fencingToken: '7', modRevision: '9' };
    expect(JSON.parse(JSON.stringify([candidate()]))).to.deep.equal([printed]);
  });

  it('is equal to a plain object, by chai and by node:assert', () => {
    expect(candidate()).to.deep.equal(plain);
    assert.deepEqual(candidate(), plain);
  });

  it('can be spread, listed and cloned as a plain object', () => {
    assert.deepEqual({ ...candidate(), value: 'b' }, { ...plain, value: 'b' });
    expect(Object.keys(candidate())).to.deep.equal(Object.keys(plain));
    expect(structuredClone(candidate()).fencingToken).to.equal(7n);
  });
});
