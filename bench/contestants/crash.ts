import { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { until } from '../../spec/support/wait.js';
import { now } from '../clock.js';
import type { Measured } from '../report.js';
import { clientOfCluster } from '../world.js';
import { bareKey, closeWatch, joinTxn, next, watchKey } from './bare.js';
import { peerQueued } from './contender.js';

/** A candidate that waits behind a leader that is going to be killed. */
export interface MeasuredSuccessor {
  readonly who: Measured;
  /** Queues in the election `election/<name>`, behind `leaderKey`. Resolves when it is in the queue. */
  wait(
    name: string,
    leaderKey: string,
  ): Promise<{
    /** The moment at which it leads, on the clock of {@link now}. */
    readonly elected: Promise<number>;
    end(): Promise<void>;
  }>;
  close(): void;
}

const TTL = 10;

export function ourSuccessor(hosts: readonly string[]): MeasuredSuccessor {
  const client = clientOfCluster(hosts);
  return {
    who: 'etcd-leader',
    close: () => client.close(),
    wait: async (name) => {
      const election = new Election(client, `election/${name}`, { value: 'ours', ttl: TTL });
      const elected = new Promise<number>((resolve) => election.once('elected', () => resolve(now())));
      election.start();
      await until(() => election.state === 'waiting', { what: 'the successor to be queued' });
      return { elected, end: () => election.stop() };
    },
  };
}

export function peerSuccessor(hosts: readonly string[]): MeasuredSuccessor {
  const client = new Etcd3({ hosts: [...hosts] });
  return {
    who: 'etcd3',
    close: () => client.close(),
    wait: async (name) => {
      const campaign = client.election(name, TTL).campaign('peer');
      const elected = campaign.wait().then(() => now());
      await peerQueued(campaign);
      return { elected, end: () => campaign.resign() };
    },
  };
}

/** The watch's event. */
export function bareSuccessor(hosts: readonly string[]): MeasuredSuccessor {
  const client = clientOfCluster(hosts);
  return {
    who: 'floor',
    close: () => client.close(),
    wait: async (name, leaderKey) => {
      const prefix = `election/${name}/`;
      const own = bareKey(prefix);
      const { revision } = (await client.kv.txn(joinTxn([own], true))).header;
      let resolve: (at: number) => void = () => {};
      const elected = new Promise<number>((r) => {
        resolve = r;
      });
      const stream = await watchKey(client, leaderKey, next(revision), () => resolve(now()));
      const end = async (): Promise<void> => {
        closeWatch(stream);
        await client.kv.deleteRange({ key: Buffer.from(own.key) });
      };
      return { elected, end };
    },
  };
}
