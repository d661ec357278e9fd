import { expect } from 'chai';
import type { ElectionOptions } from '../../lib/campaign/options.js';
import { Election } from '../../lib/election.js';
import type { Logger } from '../../lib/log.js';
import type { SessionOptions } from '../../lib/options.js';
import { Session } from '../../lib/session.js';
import type { Connection } from './fake-etcd/connection.js';
import { FakeEtcd } from './fake-etcd/fake-etcd.js';
import type { FakeEtcdOptions } from './fake-etcd/options.js';
import type { VirtualClock } from './virtual-clock.js';
import { VirtualTime } from './virtual-time.js';

/** One process: its clock, and etcd as the process sees it. A `Session` or an `Election` is made on it. */
export interface Process {
  readonly store: Connection;
  readonly clock: VirtualClock;
}

/** The model of etcd on virtual time, and the processes that use it. Every message takes a millisecond each way. */
export class World {
  readonly time = new VirtualTime();
  readonly etcd: FakeEtcd;

  constructor(options: FakeEtcdOptions = {}) {
    this.etcd = new FakeEtcd({ clock: this.time.clock({ name: 'etcd' }), ...options });
  }

  process(name: string): Process {
    const clock = this.time.clock({ name });
    return { clock, store: this.etcd.connect({ clock, name }) };
  }

  /** A candidate for `jobs` that announces its name, in a process of its own. */
  candidate(name: string, options: ElectionOptions = {}): Process & { readonly election: Election } {
    const process = this.process(name);
    return { ...process, election: new Election(process, 'jobs', { value: name, ...options }) };
  }

  session(name: string, options: SessionOptions = {}): Process & { readonly session: Session } {
    const process = this.process(name);
    return { ...process, session: new Session(process, options) };
  }

  get now(): number {
    return this.time.now;
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms);
  }

  runUntil(at: number): Promise<void> {
    return this.time.runUntil(at);
  }

  /** Lets time go on until `condition` holds, for `within` ms at the most. */
  async until(condition: () => boolean, what: string, within = 60_000): Promise<void> {
    if (!(await this.time.until(condition, within))) throw new Error(`not within ${within} ms: ${what}`);
  }

  /** Lets time go on until the promise has settled. */
  async settled<T>(promise: PromiseLike<T>, within = 60_000): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.until(() => isSettled, 'the promise settles', within);
    return promise;
  }

  /** Lets time go on until the promise is rejected. Resolves with the `code` of the reason, or with its message. */
  async refusal(promise: PromiseLike<unknown>, within = 60_000): Promise<string> {
    try {
      await this.settled(promise, within);
    } catch (err) {
      const { code, message } = err as { code?: string; message: string };
      return code ?? message;
    }
    throw new Error('it was not refused');
  }

  /** Lets time go on until a task has begun so often. `terms` are those of `newTask()`. */
  begun(terms: readonly unknown[], times = 1): Promise<void> {
    return this.until(() => terms.length === times, `the task has begun ${times} times`);
  }

  /** The only candidate has stopped and left nothing: no stream, no timer, no key, no lease. */
  expectNothingLeft(election: Election, { store, clock }: Process): void {
    expect([election.state, store.open, clock.timers]).to.deep.equal(['idle', [], []]);
    expect([this.etcd.keys(), this.etcd.leases()]).to.deep.equal([[], []]);
  }

  /** Starts the candidates one after the other, so that they queue in this order. Then their watches run. */
  async queued(...elections: readonly Election[]): Promise<void> {
    for (const election of elections) {
      election.start();
      await this.until(() => election.state === 'waiting' || election.state === 'leading', 'it is in the queue');
    }
    await this.advance(5);
  }
}

/** Tells whether a promise has settled by now, without waiting for it. */
export function settling(promise: PromiseLike<unknown>): { readonly done: boolean } {
  const state = { done: false };
  const settle = (): void => {
    state.done = true;
  };
  promise.then(settle, settle);
  return state;
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly data: Record<string, unknown>;
}

/** A logger that writes down what it is told. */
export function recordLog(): Logger & {
  readonly lines: readonly LogLine[];
  messages(level: LogLine['level']): string[];
} {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (data: object, message: string) => {
    lines.push({ level, message, data: { ...data } });
  };
  return {
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map(({ message }) => message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
