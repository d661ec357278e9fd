import type { ResumeOrder } from '../support/virtual-clock.js';

/**
 * All that is decided before a schedule runs, as plain data: what fast-check draws and shrinks, and what a regression
 * spec writes down. Together with `seed`, which everything drawn on the way follows from, it repeats a run exactly.
 */
export interface Plan {
  readonly seed: number;
  readonly etcd: EtcdPlan;
  readonly processes: readonly ProcessPlan[];
  readonly steps: readonly Step[];
  /** How the candidates go at the end. */
  readonly farewell: 'together' | 'leaders first' | 'with the raft leader';
}

export interface EtcdPlan {
  readonly members: number;
  /** ms, the most that a message takes. */
  readonly latency: number;
  /** ms, the most that an event of a watch takes besides. */
  readonly watchDelay: number;
  /** ms from the loss of a raft leader to the next, at most. */
  readonly electionTime: number;
  /** ms between two looks for expired leases: 500 in etcd today, and not promised. */
  readonly leaseTick: number;
}

export interface ProcessPlan {
  /** Milliseconds its clock counts in one of etcd's: 0.99 to 1.01, the margin that the library states. */
  readonly rate: number;
  /** ms, how late its timers are at most. */
  readonly lateness: number;
  /** Seconds. */
  readonly ttl: number;
  /** `late`: as close to the TTL as the options allow, so that nothing but the margin is left. */
  readonly deadline: 'default' | 'late';
  /** Its candidates share one session; else each has its own. */
  readonly shared: boolean;
  /** What befalls the first request for a lease. */
  readonly firstGrant?: RequestFault | undefined;
  readonly candidates: readonly CandidatePlan[];
}

export interface CandidatePlan {
  /** Number of its election. */
  readonly election: number;
  readonly observe: boolean;
  /** ms after the beginning; undefined: not by itself. */
  readonly startsAt?: number | undefined;
}

/** A candidate: by number, or by what it is in its election at that moment. */
export interface Who {
  readonly election: number;
  readonly as: 'leader' | 'next' | number;
}

export interface Step {
  /** ms after the step before. */
  readonly wait: number;
  readonly deed: Deed;
}

export type Deed = Call | Mishap | Tampering;
export type DeedName = Deed['name'];

/** What the users of the library do. */
export type Call =
  | { readonly name: 'start' | 'stop' | 'step down' | 'read'; readonly who: Who }
  | { readonly name: 'restart'; readonly who: Who; readonly after: number }
  | { readonly name: 'proclaim'; readonly who: Who; readonly times: number }
  | { readonly name: 'run'; readonly who: Who; readonly task: TaskPlan }
  | { readonly name: 'await'; readonly who: Who; readonly patience: number | undefined }
  | { readonly name: 'observe'; readonly who: Who; readonly for: number | undefined }
  /** In the listener of the next `elected`. */
  | { readonly name: 'ambush'; readonly who: Who; readonly how: 'stop' | 'step down' | 'throw' | 'reject' }
  | { readonly name: 'health'; readonly who: Who; readonly answer: 'bad' | 'throws' | 'hangs'; readonly for: number }
  /** A guarded write, in the present term or in the one before. */
  | { readonly name: 'write'; readonly who: Who; readonly late: boolean }
  | { readonly name: 'close'; readonly who: Who; readonly backAfter: number }
  /** A call whose next transaction goes wrong. */
  | { readonly name: 'botch'; readonly who: Who; readonly call: Botched; readonly fault: RequestFault }
  /** Starts, and after each of these ms changes its mind. */
  | { readonly name: 'dither'; readonly who: Who; readonly after: readonly number[] };

export type Botched = 'start' | 'stop' | 'step down' | 'proclaim';

export interface TaskPlan {
  /** ms; undefined: until it is told to end. */
  readonly takes: number | undefined;
  /** ms from the end of the term to the end of the task. */
  readonly windDown: number;
  readonly fails: boolean;
  readonly requeue: boolean;
  /** ms, until `run()` is aborted by its signal. */
  readonly abortAfter: number | undefined;
}

/** What goes wrong with processes, network and etcd. */
export type Mishap =
  | { readonly name: 'crash'; readonly who: Who; readonly backAfter: number | undefined }
  | { readonly name: 'pause'; readonly who: Who; readonly for: number; readonly order: ResumeOrder }
  | {
      readonly name: 'request';
      readonly who: Who;
      readonly kind: RequestKind;
      readonly fault: RequestFault;
      readonly times: number;
    }
  | { readonly name: 'storm'; readonly who: Who; readonly for: number; readonly chance: number }
  | { readonly name: 'network'; readonly who: Who; readonly is: 'silent' | 'mute' | 'down'; readonly for: number }
  /** The network gets slow, and then there is none, or the process stops. */
  | {
      readonly name: 'fade';
      readonly who: Who;
      readonly lag: number;
      readonly slowFor: number;
      readonly end: 'silent' | 'pause';
      readonly for: number;
    }
  | { readonly name: 'lag'; readonly who: Who; readonly ms: number; readonly for: number }
  | { readonly name: 'streams'; readonly who: Who; readonly kind: StreamKind; readonly are: 'broken' | 'silent' }
  | {
      readonly name: 'member';
      readonly member: number;
      readonly is: 'silent' | 'mute' | 'down' | 'isolated';
      readonly for: number;
    }
  | { readonly name: 'raft leader' }
  | { readonly name: 'quorum' | 'etcd restart'; readonly for: number };

/** What operators do. */
export type Tampering =
  | { readonly name: 'delete key' | 'revoke lease' | 'cancel watches' | 'overwrite key'; readonly who: Who }
  | { readonly name: 'delete queue'; readonly election: number; readonly many: number }
  | { readonly name: 'nested key'; readonly election: number }
  | { readonly name: 'compact' };

export type StreamKind = 'keepAlive' | 'watch';
export type RequestKind = 'grant' | 'revoke' | 'txn' | 'keepAlive' | 'watch';

export type RequestFault =
  | { readonly is: 'lost' | 'reply lost' | 'hung' | 'refused' | 'duplicated' }
  | { readonly is: 'repeated' | 'late' | 'reply late'; readonly by: number }
  /** A read answers from the state of `by` revisions ago. */
  | { readonly is: 'stale'; readonly by: number };
