import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Etcd3 } from 'etcd3';
import type { Election } from '../../lib/index.js';
import { findTool } from './cluster/tools.js';
import { buildGoParticipant, GoParticipant } from './go-participant.js';
import { BUILDS_WITHIN } from './go-program.js';
import { tracked } from './track.js';
import { until } from './wait.js';

/** A candidate of any client: what all clients have in common. */
export interface ForeignCandidate {
  readonly value: string;
  /** Whether the candidate believes to lead, at this moment. */
  isLeader(): boolean;
  /** Leaves the queue, from whatever place. */
  leave(): Promise<void>;
}

/** A candidate of this library, started. */
export function ours(election: Election, value: string): ForeignCandidate {
  election.start();
  return { value, isLeader: () => election.isLeader(), leave: () => election.stop() };
}

/** Seconds that the lease of etcd3's own election lives: a busy machine does not use them up. */
const TTL_OF_ETCD3 = 30;

/** A candidate of etcd3's own election, which puts `election/` before the name. */
export function etcd3s(
  client: Etcd3,
  name: string,
  value: string,
): ForeignCandidate & { proclaim(value: string): Promise<void> } {
  let leads = false;
  let hasLeft = false;
  const campaign = client.election(name, TTL_OF_ETCD3).campaign(value);
  campaign.on('elected', () => {
    leads = !hasLeft; // a campaign that resigned while it waited says so too, when its predecessor goes
  });
  campaign.on('error', () => {
    leads = false;
  });
  const leave = async (): Promise<void> => {
    leads = false;
    hasLeft = true;
    await campaign.resign();
  };
  tracked({ close: leave });
  return { value, isLeader: () => leads, leave, proclaim: (next) => campaign.proclaim(next) };
}

/** A run of `etcdctl elect` or `etcdctl lock`, which is Go's client. It is interrupted at the end of the spec. */
class Etcdctl {
  /** Every leader, or its own key once it holds the lock, that etcdctl has printed. */
  readonly leaders: { readonly key: string; readonly value: string }[] = [];
  readonly #process: ChildProcess;

  constructor(bin: string, hosts: readonly string[], args: readonly string[]) {
    // Without its variables, because etcdctl takes them for flags.
    const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCDCTL_'));
    const env = { ...Object.fromEntries(rest), ETCDCTL_API: '3' };
    const command = [`--endpoints=${hosts.join(',')}`, ...args];
    const child = spawn(bin, command, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = child;
    let key: string | undefined;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (key !== undefined) this.leaders.push({ key, value: line });
      key = key === undefined ? line : undefined;
    });
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Interrupts etcdctl (SIGINT): it resigns and ends. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    const gone = once(this.#process, 'close');
    this.#process.kill('SIGINT');
    await gone;
  }
}

/** Every value that `etcdctl elect --listen` prints, in order. */
export async function etcdctlListens(hosts: readonly string[], name: string): Promise<() => string[]> {
  const listener = tracked(new Etcdctl(await findTool('etcdctl'), hosts, ['elect', '--listen', name]));
  return () => listener.leaders.map(({ value }) => value);
}

/** `etcdctl elect` as a candidate. It prints its own key once it is elected. */
export async function etcdctls(hosts: readonly string[], name: string, value: string): Promise<ForeignCandidate> {
  const candidate = tracked(new Etcdctl(await findTool('etcdctl'), hosts, ['elect', name, value]));
  let leads = true;
  return {
    value,
    isLeader: () => leads && candidate.leaders.length > 0,
    leave: async () => {
      leads = false;
      await candidate.close();
    },
  };
}

/** A holder of a lock, or one that waits for it. */
export interface LockHolder {
  /** Its own key, once it holds the lock. */
  readonly key: string | undefined;
  release(): Promise<unknown>;
}

/** `etcdctl lock`, which is Go's `concurrency.Mutex`. It prints its own key once it holds the lock. */
export async function etcdctlLocks(hosts: readonly string[], name: string): Promise<LockHolder> {
  const holder = tracked(new Etcdctl(await findTool('etcdctl'), hosts, ['lock', name]));
  return {
    get key() {
      return holder.leaders[0]?.key;
    },
    release: () => holder.close(),
  };
}

/** Builds the program that uses etcd's Go client before the specs of the suite. They fail where there is no Go. */
export function withGo(): void {
  before('build Go’s client', async function () {
    this.timeout(BUILDS_WITHIN);
    const whyNot = await buildGoParticipant();
    if (whyNot === undefined) return;
    throw new Error(`these specs build a program of etcd's Go client: ${whyNot}. Install Go 1.21 or later`);
  });
}

/** Calls `first` when the participant leads or holds the lock, unless the spec ends before. */
function told(go: GoParticipant, first: () => void): void {
  go.first().then(first, () => {});
}

/** Go's `concurrency.Election` in a program of its own, queued. It can leave once it leads. */
export async function goCandidate(hosts: readonly string[], name: string, value: string): Promise<ForeignCandidate> {
  const go = tracked(new GoParticipant({ hosts, kind: 'election', name, value }));
  await go.queue();
  let leads = false;
  told(go, () => {
    leads = true;
  });
  return {
    value,
    isLeader: () => leads,
    leave: async () => {
      leads = false;
      await go.leave();
    },
  };
}

/** Go's `concurrency.Mutex` in a program of its own, queued. */
export async function goLocks(hosts: readonly string[], name: string): Promise<LockHolder> {
  const go = tracked(new GoParticipant({ hosts, kind: 'mutex', name }));
  const key = await go.queue();
  let holds = false;
  told(go, () => {
    holds = true;
  });
  return {
    get key() {
      return holds ? key : undefined;
    },
    release: () => go.leave(),
  };
}

/** Resolves when the queue of `election` is this, from first to last. */
export async function queueIs(election: Election, values: readonly string[]): Promise<void> {
  let seen = '';
  const isSo = async (): Promise<boolean> => {
    seen = (await election.candidates()).map(({ value }) => value).join();
    return seen === values.join();
  };
  await until(isSo, { what: `the queue ${values.join()}` }).catch((err: Error) => {
    throw new Error(`${err.message}; it is ${seen}`);
  });
}
