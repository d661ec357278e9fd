import { expect } from 'chai';
import { headIn, placeIn, placeOf, type QueueRead } from '../lib/queue/place.js';
import type { KeyValue } from '../lib/store/store.js';

const LIMIT = 3;

/** The key of a candidate, created at this revision, with the revision for its lease too. */
function keyAt(revision: number): KeyValue {
  const createRevision = BigInt(revision);
  const key = `jobs/${revision.toString(16)}`;
  return { key, value: Buffer.alloc(0), createRevision, modRevision: createRevision, lease: createRevision };
}

/** What a read of at most three keys shows when it finds these, and `nested` keys of nested elections besides. */
function readOf(revisions: readonly number[], nested = 0): QueueRead {
  const candidates = revisions.map(keyAt);
  return { candidates, shown: candidates.length + nested, limit: LIMIT, count: 100, revision: 50n, epoch: 0 };
}

describe('a read of the queue', () => {
  const own = keyAt(9);

  it('shows our key as the first when it holds no key before ours and was not cut off', () => {
    expect(placeIn(readOf([9]), own)).to.deep.include({ predecessor: undefined, isNext: false, revision: 50n });
  });

  it('shows no place when the key before ours may have been cut off', () => {
    expect(placeIn(readOf([9, 10, 11]), own)).to.equal(undefined);
    expect(placeIn(readOf([9], 2), own)).to.equal(undefined);
  });

  it('shows no place when our key is not in it, or was deleted and written anew', () => {
    expect(placeIn(readOf([7, 8]), own)).to.equal(undefined);
    expect(placeIn(readOf([9]), { ...own, createRevision: 5n })).to.equal(undefined);
  });

  it('shows that the key before ours is the head when it is the only one before ours and nothing was cut off', () => {
    expect(placeIn(readOf([8, 9]), own)).to.deep.include({ predecessor: keyAt(8), isNext: true });
    expect(placeIn(readOf([7, 8, 9]), own)).to.deep.include({ predecessor: keyAt(8), isNext: false });
    expect(placeIn(readOf([8, 9], 1), own)).to.deep.include({ predecessor: keyAt(8), isNext: false });
  });

  it('shows that the key before ours is the head when the head was read with it', () => {
    const read = readOf([7, 8, 9]);
    expect(placeIn(read, own, keyAt(8))).to.deep.include({ predecessor: keyAt(8), isNext: true });
    expect(placeIn(read, own, keyAt(5))).to.deep.include({ predecessor: keyAt(8), isNext: false });
  });

  it('shows no head when keys of nested elections fill it and there are more keys', () => {
    expect(headIn(readOf([], 3))).to.equal(undefined);
    expect(headIn({ ...readOf([], 3), count: 3 })).to.deep.include({ kv: undefined, count: 3 });
    expect(headIn(readOf([]))).to.deep.include({ kv: undefined });
    expect(headIn(readOf([4, 5]))).to.deep.include({ kv: keyAt(4), count: 100 });
  });
});

describe('the key before ours', () => {
  const asked: string[] = [];
  const get = async (key: string): Promise<KeyValue> => {
    asked.push(key);
    return { ...keyAt(8), lease: 0n };
  };
  /** A place whose read tells no leases when `lease` is 0. */
  const found = (lease: bigint) => {
    const place = placeIn({ ...readOf([]), shown: 2, candidates: [keyAt(8), { ...keyAt(9), lease }] }, keyAt(9));
    if (place === undefined) throw new Error('no place');
    return place;
  };
  beforeEach(() => asked.splice(0));

  it('is judged by its lease as the read shows it, without another read', async () => {
    expect(await placeOf(found(9n), undefined, get)).to.deep.include({ predecessor: 'jobs/8' });
    expect(asked).to.deep.equal([]);
  });

  it('is read by itself when the read tells no leases', async () => {
    expect((await placeOf(found(0n), undefined, get)).blocker).to.deep.include({ key: 'jobs/8', lease: 0n });
    expect(asked).to.deep.equal(['jobs/8']);
  });

  it('is not read by itself when it is the head, which was read with its lease', async () => {
    expect(await placeOf(found(0n), keyAt(8), get)).not.to.have.property('blocker');
    expect(asked).to.deep.equal([]);
  });

  it('blocks nobody when another key has that name by the time of the second read', async () => {
    const later = async (): Promise<KeyValue> => ({ ...keyAt(8), createRevision: 40n, lease: 0n });
    expect(await placeOf(found(0n), undefined, later)).not.to.have.property('blocker');
  });
});
