import type { Clock } from '../../../lib/common/time.js';
import { ElectionError } from '../../../lib/errors.js';
import type { FakeCluster, FakeMember } from './cluster.js';
import { extraDelay, type MessageFault } from './faults.js';
import type { Network, Path } from './network.js';
import type { Recipient } from './transport.js';

/** Milliseconds between a duplicated request and its copy. */
const DUPLICATE_AFTER = [1, 50] as const;

export interface FakeCallOptions {
  readonly network: Network;
  readonly cluster: FakeCluster;
  readonly member: FakeMember;
  readonly path: Path;
  readonly process: Recipient;
  /** The process's own clock, which its time-outs run on. */
  readonly clock: Clock;
  readonly lag: number;
  readonly fault: MessageFault;
  /** The member answers by itself, with a majority or without. */
  readonly local: boolean;
  readonly onUnanswered: () => void;
}

/**
 * One request and its reply, with all that can happen to them. The promise settles in any case, unless the process
 * dies.
 */
export function call<T>(options: FakeCallOptions, carryOut: () => T): Promise<T> {
  const { network, cluster, member, path, process, clock, lag, fault, local } = options;
  return new Promise((resolve, reject) => {
    let settled = false;
    const finish = (end: () => void): void => {
      if (settled) return;
      settled = true;
      cancelTimeout();
      end();
    };
    const timeout = fault === 'hang' ? network.options.hangTimeout : network.options.requestTimeout;
    const cancelTimeout = clock.after(timeout, () => {
      options.onUnanswered();
      finish(() => reject(new ElectionError('UNAVAILABLE', `no answer from member ${member.id} in ${timeout} ms`)));
    });

    const reply = (end: () => void): void => {
      if (fault === 'lose reply') return;
      const arrive = (): void => process.receive(() => finish(end));
      network.carry(path, 'reply', lag + extraDelay(fault, 'lateBy'), arrive, refused);
    };
    const refused = (): void =>
      process.receive(() => {
        options.onUnanswered();
        finish(() => reject(new ElectionError('UNAVAILABLE', `member ${member.id} refuses connections`)));
      });
    const refuse = (error: Error): void => reply(() => reject(error));
    const perform = (answer: (end: () => void) => void): void => {
      try {
        const result = carryOut();
        answer(() => resolve(result));
      } catch (error) {
        answer(() => reject(error));
      }
    };
    const propose = (answer: (end: () => void) => void): void => {
      if (local) perform(answer);
      else cluster.propose(member, () => perform(answer), refuse);
    };

    const arrive = (): void => {
      if (fault === 'fail') refuse(new ElectionError('UNAVAILABLE', 'etcdserver: too many requests'));
      else if (typeof fault === 'object' && 'error' in fault) refuse(fault.error);
      else if (fault === 'duplicate') {
        propose(() => {});
        network.after(network.draw(DUPLICATE_AFTER), () => propose(reply));
      } else {
        propose(reply);
        if (typeof fault === 'object' && 'repeatAfter' in fault) {
          network.after(fault.repeatAfter, () => propose(() => {}));
        }
      }
    };
    if (fault === 'hang' || fault === 'lose request') return;
    network.carry(path, 'request', lag + extraDelay(fault, 'arriveLateBy'), arrive, refused);
  });
}
