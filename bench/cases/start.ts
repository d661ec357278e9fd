import { Etcd3 } from 'etcd3';
import { Election, Session } from '../../lib/index.js';
import { uniqueName } from '../../spec/support/unique-name.js';
import { alternate, type Contestant } from '../alternate.js';
import { type Case, measured } from '../case.js';
import { now } from '../clock.js';
import { bareKey, grant, joinTxn } from '../contestants/bare.js';
import { clientOfCluster } from '../world.js';

const TTL = 10;

function ours(hosts: readonly string[], isReady: boolean): Contestant {
  const client = clientOfCluster(hosts);
  const session = new Session(client, { ttl: TTL });
  const first = new Election(session, uniqueName()); // a session has a lease, and a stream, when it is used
  return {
    who: 'etcd-leader',
    prepare: async () => {
      await first.start().elected();
      const election = isReady ? new Election(session, uniqueName()) : new Election(client, uniqueName(), { ttl: TTL });
      const elected = new Promise<number>((resolve) => election.once('elected', () => resolve(now())));
      return {
        run: async () => {
          const start = now();
          election.start();
          return (await elected) - start;
        },
        end: () => election.stop(),
      };
    },
    close: async () => {
      await session.close();
      client.close();
    },
  };
}

function peer(hosts: readonly string[]): Contestant {
  const client = new Etcd3({ hosts: [...hosts] });
  return {
    who: 'etcd3',
    prepare: async () => {
      const election = client.election(uniqueName(), TTL);
      let end = async (): Promise<void> => {};
      return {
        run: async () => {
          const start = now();
          const campaign = election.campaign('peer');
          end = () => campaign.resign();
          await campaign.wait();
          return now() - start;
        },
        end: () => end(),
      };
    },
    close: async () => client.close(),
  };
}

function floor(hosts: readonly string[], isReady: boolean): Contestant {
  const client = clientOfCluster(hosts);
  const ready = grant(client, 3_600);
  return {
    who: 'floor',
    prepare: async () => {
      const prefix = `${uniqueName()}/`;
      let key = '';
      let lease = await ready;
      return {
        run: async () => {
          const start = now();
          if (!isReady) lease = await grant(client, TTL);
          const join = bareKey(prefix, lease);
          key = join.key;
          const { succeeded } = await client.kv.txn(joinTxn([join], true));
          const took = now() - start;
          if (!succeeded) throw new Error('the key was there');
          return took;
        },
        end: async () => {
          if (isReady) await client.kv.deleteRange({ key: Buffer.from(key) });
          else await client.leaseClient.leaseRevoke({ ID: lease });
        },
      };
    },
    close: async () => {
      await client.leaseClient.leaseRevoke({ ID: await ready });
      client.close();
    },
  };
}

export const start: Case = {
  name: 'start',
  about: 'from start() to elected, with nobody else there',
  async run(world) {
    const { hosts } = world;
    const onReady = () => alternate(world, [ours(hosts, true), floor(hosts, true)]);
    const onOwn = () => alternate(world, [ours(hosts, false), peer(hosts), floor(hosts, false)]);
    return [
      await measured(world, 'start-ready', 'start to elected, on a session with a lease', onReady),
      await measured(world, 'start-own', 'start to elected, with a session of its own', onOwn),
    ];
  },
};
