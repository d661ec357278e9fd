import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from '../alternate.js';
import { now } from '../clock.js';
import { clientOf, uniqueName } from '../world.js';
import { bareKey, closeWatch, joinTxn, next, placeQuery, watchKey } from './bare.js';

/** Floor of a handover: a delete, the watch's event, one linearizable range. */
export function bareHandover(hosts: readonly string[], settle: number): Contestant {
  const [first, second] = [clientOf(hosts), clientOf(hosts)];
  const close = async (): Promise<void> => {
    first.close();
    second.close();
  };
  const prepare: Contestant['prepare'] = async () => {
    const prefix = `${uniqueName()}/`;
    const [leader, successor] = [bareKey(prefix), bareKey(prefix)];
    await first.kv.txn(joinTxn([leader], true));
    const own = (await second.kv.txn(joinTxn([successor], true))).header.revision;
    let heard = (): void => {};
    const event = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const stream = await watchKey(second, leader.key, next(own), () => heard());
    await sleep(settle);
    return {
      run: async () => {
        const start = now();
        const deletion = first.kv.deleteRange({ key: Buffer.from(leader.key) });
        await event;
        const { kvs } = await second.kv.range(placeQuery(prefix, own));
        const took = now() - start;
        if (kvs.length !== 1) throw new Error(`the leader's key is still there: ${kvs.length} keys`);
        await deletion;
        return took;
      },
      end: async () => {
        closeWatch(stream);
        await second.kv.deleteRange({ key: Buffer.from(successor.key) });
      },
    };
  };
  return { who: 'floor', prepare, close };
}
