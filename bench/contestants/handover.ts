import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { until } from '../../spec/support/wait.js';
import type { Contestant } from '../alternate.js';
import { now } from '../clock.js';
import { clientOf, uniqueName } from '../world.js';

const TTL = 10;

/** Two candidates of this library's, with sessions and clients of their own, that hand over to each other. */
export function ourHandover(hosts: readonly string[], settle: number, how: 'stop' | 'stepDown'): Contestant {
  const clients = [clientOf(hosts), clientOf(hosts)] as const;
  const name = uniqueName();
  let [leader, successor] = clients.map((client, i) => new Election(client, name, { value: `${i}`, ttl: TTL })) as [
    Election,
    Election,
  ];
  return {
    who: 'etcd-leader',
    prepare: async () => {
      await leader.start().elected();
      if (!successor.isRunning()) successor.start();
      await until(() => successor.state === 'waiting', { what: 'the successor to be queued' });
      await sleep(settle);
      return {
        run: async () => {
          const elected = new Promise<number>((resolve) => successor.once('elected', () => resolve(now())));
          const start = now();
          const left = how === 'stop' ? leader.stop() : leader.stepDown();
          const took = (await elected) - start;
          await left;
          return took;
        },
        end: async () => {
          [leader, successor] = [successor, leader];
        },
      };
    },
    close: async () => {
      await Promise.all([leader.stop(), successor.stop()]);
      for (const client of clients) client.close();
    },
  };
}

type PeerCampaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

/** The same with etcd3's own election. Its way out of leadership, for good or for a while, is `resign()`. */
export function peerHandover(hosts: readonly string[], settle: number): Contestant {
  const clients: readonly [Etcd3, Etcd3] = [new Etcd3({ hosts: [...hosts] }), new Etcd3({ hosts: [...hosts] })];
  const name = uniqueName();
  let turn = 0;
  const campaign = (): PeerCampaign => {
    turn++;
    return (clients[turn % 2] ?? clients[0]).election(name, TTL).campaign(String(turn));
  };
  let leader: PeerCampaign | undefined;
  return {
    who: 'etcd3',
    prepare: async () => {
      if (leader === undefined) {
        leader = campaign();
        await leader.wait();
      }
      const resigning = leader;
      const successor = campaign();
      const elected = successor.wait().then(() => now());
      await queued(successor);
      await sleep(settle);
      return {
        run: async () => {
          const start = now();
          const left = resigning.resign();
          const took = (await elected) - start;
          await left;
          return took;
        },
        end: async () => {
          leader = successor;
        },
      };
    },
    close: async () => {
      await leader?.resign();
      for (const client of clients) client.close();
    },
  };
}

/** As etcd3's own specs wait for it: its key is there, and the watch is about to be. */
export function queued(campaign: PeerCampaign): Promise<void> {
  return new Promise((resolve, reject) => {
    const emitter: NodeJS.EventEmitter = campaign;
    emitter.once('_isWaiting', resolve);
    emitter.once('error', reject);
  });
}
