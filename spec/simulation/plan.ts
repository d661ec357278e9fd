import type { ResumeOrder } from '../support/virtual-clock.js';

/**
 * All that is decided before a schedule runs, as plain data. fast-check draws and shrinks a plan, and a regression spec
 * writes it down. The plan and its `seed`, from which all later draws follow, repeat a run exactly.
 */
export interface Plan {
  readonly seed: number;
  readonly etcd: EtcdPlan;
  readonly processes: readonly ProcessPlan[];
  readonly steps: readonly ScheduleStep[];
  /** How the candidates go at the end. */
  readonly farewell: 'together' | 'leaders first' | 'with the raft leader';
}

export interface EtcdPlan {
  readonly members: number;
  /** Milliseconds that a message takes, at the most. */
  readonly latency: number;
  /** Milliseconds that an event of a watch takes besides, at the most. */
  readonly watchDelay: number;
  /** Milliseconds from the loss of a raft leader to the next raft leader, at the most. */
  readonly electionTime: number;
  /** Milliseconds between two looks for expired leases. etcd has 500 today, and does not promise it. */
  readonly leaseTick: number;
}

export interface ProcessPlan {
  /**
   * Milliseconds that the process's clock counts in one of etcd's: 0.99 to 1.01, which is the margin that the library
   * states.
   */
  readonly rate: number;
  /** Milliseconds by which the process's timers are late, at the most. */
  readonly lateness: number;
  /** Seconds. */
  readonly ttl: number;
  /** `late` is as close to the TTL as the options allow, so that nothing but the margin is left. */
  readonly deadline: 'default' | 'late';
  /** The process's candidates share one session; else each candidate has its own. */
  readonly shared: boolean;
  /** The fault that hits the first request for a lease. */
  readonly firstGrant?: RequestFault | undefined;
  readonly candidates: readonly CandidatePlan[];
}

export interface CandidatePlan {
  /** The number of the candidate's election. */
  readonly election: number;
  readonly observe: boolean;
  /** Milliseconds after the beginning; undefined when nothing but a call starts the candidate. */
  readonly startsAt?: number | undefined;
  readonly priority?: number | undefined;
  /** Seconds. */
  readonly preempt?: number | undefined;
  /** Follows asks on a shared session too. */
  readonly steerable?: boolean | undefined;
}

/** A candidate: by its number, or by what it is in its election at that moment. */
export interface Chosen {
  readonly election: number;
  readonly as: 'leader' | 'next' | number;
}

export interface ScheduleStep {
  /** Milliseconds after the step before. */
  readonly wait: number;
  readonly deed: Deed;
}

export type Deed = Call | Mishap | Tampering;
export type DeedName = Deed['name'];

/** Calls that the users of the library make. */
export type Call =
  | { readonly name: 'start' | 'stop' | 'step down' | 'read'; readonly who: Chosen }
  /** Steps down for the candidate at this place of the queue; `past`: past a candidate of another client. */
  | { readonly name: 'hand over'; readonly who: Chosen; readonly to: number; readonly past: boolean }
  /** Asks the leader; `to` as before, if anybody. */
  | { readonly name: 'ask'; readonly who: Chosen; readonly to: number | undefined }
  | { readonly name: 'prioritise'; readonly who: Chosen; readonly priority: number }
  | { readonly name: 'restart'; readonly who: Chosen; readonly after: number }
  | { readonly name: 'proclaim'; readonly who: Chosen; readonly times: number }
  | { readonly name: 'run'; readonly who: Chosen; readonly task: TaskPlan }
  | { readonly name: 'await'; readonly who: Chosen; readonly patience: number | undefined }
  | { readonly name: 'observe'; readonly who: Chosen; readonly for: number | undefined }
  /** Acts in the listener of the next `elected`. */
  | { readonly name: 'ambush'; readonly who: Chosen; readonly how: 'stop' | 'step down' | 'throw' | 'reject' }
  | { readonly name: 'health'; readonly who: Chosen; readonly answer: 'bad' | 'throws' | 'hangs'; readonly for: number }
  /** Callers of a lock, in the process of `who`. */
  | { readonly name: 'lock'; readonly who: Chosen; readonly plan: LockPlan }
  /** Writes under the fence, in the present term or in the term before. */
  | { readonly name: 'write'; readonly who: Chosen; readonly late: boolean }
  | { readonly name: 'close'; readonly who: Chosen; readonly backAfter: number }
  /** Makes a call whose next transaction goes wrong. */
  | { readonly name: 'botch'; readonly who: Chosen; readonly call: Botched; readonly fault: RequestFault }
  /** Starts, and changes its mind after each of these milliseconds. */
  | { readonly name: 'dither'; readonly who: Chosen; readonly after: readonly number[] };

export type Botched = 'start' | 'stop' | 'step down' | 'proclaim';

export interface TaskPlan {
  /** Milliseconds that the task takes; undefined when the task goes on until it is told to end. */
  readonly takes: number | undefined;
  /** Milliseconds from the end of the term to the end of the task. */
  readonly windDown: number;
  readonly fails: boolean;
  readonly requeue: boolean;
  /** Milliseconds until the signal of `run()` is aborted. */
  readonly abortAfter: number | undefined;
}

export interface LockPlan {
  /** The queue that only locks use, or the queue of the election. */
  readonly of: 'locks' | 'election';
  readonly how: 'run' | 'acquire' | 'try';
  readonly callers: number;
  /** Milliseconds that each of them holds the lock. */
  readonly holds: number;
  /** Milliseconds from the loss of the lock to the end of the work. */
  readonly windDown: number;
  /** Milliseconds to wait for the lock, as the call says. */
  readonly wait: number | undefined;
  /** Milliseconds until the signal of the call is aborted. */
  readonly patience: number | undefined;
  /** An operator takes the lock away from whoever holds it `after` ms. */
  readonly taken: { readonly by: 'deletion' | 'revocation'; readonly after: number } | undefined;
}

/** Mishaps of processes, network and etcd. */
export type Mishap =
  | { readonly name: 'crash'; readonly who: Chosen; readonly backAfter: number | undefined }
  | { readonly name: 'pause'; readonly who: Chosen; readonly for: number; readonly order: ResumeOrder }
  | {
      readonly name: 'request';
      readonly who: Chosen;
      readonly kind: FaultyRequest;
      readonly fault: RequestFault;
      readonly times: number;
    }
  | { readonly name: 'storm'; readonly who: Chosen; readonly for: number; readonly chance: number }
  | { readonly name: 'network'; readonly who: Chosen; readonly is: 'silent' | 'mute' | 'down'; readonly for: number }
  /** The network gets slow, and then it fails or the process stops. */
  | {
      readonly name: 'fade';
      readonly who: Chosen;
      readonly lag: number;
      readonly slowFor: number;
      readonly end: 'silent' | 'pause';
      readonly for: number;
    }
  | { readonly name: 'lag'; readonly who: Chosen; readonly ms: number; readonly for: number }
  | { readonly name: 'streams'; readonly who: Chosen; readonly kind: FaultyStream; readonly are: 'broken' | 'silent' }
  | {
      readonly name: 'member';
      readonly member: number;
      readonly is: 'silent' | 'mute' | 'down' | 'isolated';
      readonly for: number;
    }
  | { readonly name: 'raft leader' }
  | { readonly name: 'quorum' | 'etcd restart'; readonly for: number }
  /** etcd comes back with an empty data folder, or with a snapshot of so many revisions ago: its revisions go back. */
  | { readonly name: 'new epoch'; readonly from: 'nothing' | number; readonly for: number };

/** What operators do to keys and leases. */
export type Tampering =
  /** `revoke unnoticed`: refreshes of the lease succeed all the same. */
  | { readonly name: 'revoke unnoticed'; readonly who: Chosen }
  | { readonly name: 'delete key' | 'revoke lease' | 'cancel watches' | 'overwrite key'; readonly who: Chosen }
  /**
   * Deletes the key of the second in line while its watches are interrupted, compacts that away, and deletes the
   * leader's key `after` ms, while reads of the second are answered late.
   */
  | { readonly name: 'unseen end'; readonly election: number; readonly after: number }
  | { readonly name: 'delete queue'; readonly election: number; readonly many: number }
  | { readonly name: 'nested key'; readonly election: number }
  /** Writes the key of asks: for the present leader, for others, or nonsense. */
  | { readonly name: 'forge ask'; readonly election: number; readonly says: 'now' | 'twice' | 'stale' | 'nonsense' }
  /** A candidate of another client queues, and leaves after so many milliseconds. */
  | { readonly name: 'foreign candidate'; readonly election: number; readonly for: number }
  | { readonly name: 'compact' };

export type FaultyStream = 'keepAlive' | 'watch';
export type FaultyRequest = 'grant' | 'revoke' | 'txn' | 'keepAlive' | 'watch';

export type RequestFault =
  | { readonly is: 'lost' | 'reply lost' | 'hung' | 'refused' | 'duplicated' }
  | { readonly is: 'repeated' | 'late' | 'reply late'; readonly by: number }
  /** A read answers from the state of `by` revisions ago; a refresh comes from a member that lags so far behind. */
  | { readonly is: 'stale'; readonly by: number };
