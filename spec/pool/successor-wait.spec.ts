import { expect } from 'chai';
import { type Successor, SuccessorWait } from '../../lib/pool/successor-wait.js';
import type { KeyValue, Txn, TxnResult, WatchEvent } from '../../lib/store/store.js';
import type { Follower, Subject } from '../../lib/watch/shared-watch.js';
import type { Watcher } from '../../lib/watch/watcher.js';
import { settle, VirtualTime } from '../support/virtual-time.js';

const SUCCESSOR: Successor = { key: 'p/owners/7/b', lease: 'b', plannedAt: 40n };

describe('the wait for a successor', () => {
  let time: VirtualTime;
  /** What is followed, and from which revision on. */
  let followed: readonly [key: string, from: bigint][];
  let follower: Follower;
  let reads: Txn[];
  /** The successor's key, for those who read it. */
  let key: KeyValue | undefined;
  let stands: number;
  let wait: SuccessorWait;

  const kv = (lease: bigint): KeyValue => {
    const createRevision = 41n;
    return { key: SUCCESSOR.key, value: Buffer.from('b'), createRevision, modRevision: createRevision, lease };
  };
  const put = (lease: bigint): WatchEvent => ({ type: 'put', key: SUCCESSOR.key, revision: 41n, kv: kv(lease) });
  const gone: WatchEvent = { type: 'delete', key: SUCCESSOR.key, revision: 42n };
  /** One answer of the watch. */
  const tell = (...events: readonly WatchEvent[]): void => {
    for (const event of events) follower.changed(event);
    follower.told?.();
  };

  beforeEach(() => {
    time = new VirtualTime();
    [followed, reads, key, stands] = [[], [], undefined, 0];
    const watcher = {
      follow: (subject: Subject, from: bigint, by: Follower) => {
        followed = [...followed, [subject.key, from]];
        follower = by;
        return () => {
          followed = [];
        };
      },
    };
    const store = {
      txn: async (txn: Txn): Promise<TxnResult> => {
        reads.push(txn);
        return { succeeded: true, revision: 50n, ranges: [{ kvs: key === undefined ? [] : [key], count: 1 }] };
      },
    };
    const parts = { store, watcher: watcher as unknown as Watcher, clock: time.clock() };
    wait = new SuccessorWait(parts as never, SUCCESSOR, {
      stands: () => {
        stands += 1;
      },
      failed: () => {},
    });
  });

  it('follows the successor’s key from the plan on that names it, and asks for nothing', async () => {
    expect(followed).to.deep.equal([['p/owners/7/b', 41n]]);
    tell(put(0xbn));
    await settle();
    expect([stands, reads.length, followed]).to.deep.equal([1, 0, []]);
  });

  it('believes no key that does not hang on the successor’s lease', async () => {
    tell(put(0xcn));
    tell(put(0n));
    key = kv(0n);
    await time.advance(5_000);
    expect([stands, reads.length]).to.deep.equal([0, 1]);
    tell(put(0xbn));
    expect(stands).to.equal(1);
  });

  it('goes on when the successor has stood and left again before anybody was told', () => {
    tell(put(0xbn), gone);
    expect(stands).to.equal(0);
    tell(put(0xbn));
    expect(stands).to.equal(1);
  });

  it('finds a successor that stood before the plan by one read, a second later', async () => {
    key = kv(0xbn);
    await time.advance(999);
    expect([stands, reads.length]).to.deep.equal([0, 0]);
    await time.advance(1);
    expect([stands, reads.length]).to.deep.equal([1, 1]);
  });

  it('reads once, however long it takes', async () => {
    await time.advance(600_000);
    expect([stands, reads.length]).to.deep.equal([0, 1]);
    tell(put(0xbn));
    expect(stands).to.equal(1);
  });

  it('reads at once when the watch was interrupted, since the successor may have come unseen', async () => {
    key = kv(0xbn);
    follower.reset();
    await settle();
    expect([stands, reads.length]).to.deep.equal([1, 1]);
  });

  it('tells nothing any more when it was closed', async () => {
    key = kv(0xbn);
    wait.close();
    tell(put(0xbn));
    await time.advance(5_000);
    expect([stands, reads.length, followed]).to.deep.equal([0, 0, []]);
  });
});
