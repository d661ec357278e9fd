/** Labels of every figure. */
export interface OfElection {
  readonly election: string;
}

/** Labels of what is counted by error code. */
export interface OfCode extends OfElection {
  readonly code: string;
}

export interface Gauge {
  set(labels: OfElection, value: number): void;
  /** The value is not known any more. */
  remove(labels: OfElection): void;
}

export interface Counter<L extends OfElection = OfElection> {
  /** Adds `by`, which is 1 by default; with 0 the series begins. */
  inc(labels: L, by?: number): void;
  remove(labels: L): void;
}

export interface Histogram {
  /** Seconds. */
  observe(labels: OfElection, seconds: number): void;
  /** The series begins, with no observation. */
  zero(labels: OfElection): void;
  remove(labels: OfElection): void;
}

/** What a recorder records with. Each back end has its own, and all have the same figures. */
export interface Instruments {
  readonly isLeader: Gauge;
  readonly expiresIn: Gauge;
  readonly queuePosition: Gauge;
  readonly suspended: Gauge;
  readonly elected: Counter;
  readonly unelected: Counter<OfCode>;
  readonly leaderChanges: Counter;
  readonly leadingSeconds: Counter;
  readonly refreshDuration: Histogram;
  readonly refreshFailures: Counter;
  readonly reelection: Histogram;
  readonly errors: Counter<OfCode>;
}

/** What each figure is, in the words of every back end. */
export const HELP: Readonly<Record<keyof Instruments, string>> = {
  isLeader: 'Whether this candidate leads, by the clock at the moment of the scrape',
  expiresIn: 'Until leadership ends if no refresh succeeds; 0 when not leading',
  queuePosition: 'Place in the queue: 1 leads, 0 is not in it',
  suspended: 'Whether etcd does not answer',
  elected: 'Times this candidate was elected',
  unelected: 'Times this candidate lost leadership, by reason',
  leaderChanges: 'Changes of leader, whoever it was',
  leadingSeconds: 'Time as leader',
  refreshDuration: 'Round trip of a refresh of the lease',
  refreshFailures: 'Times etcd has stopped answering, each counted once however many attempts fail',
  reelection: 'From the loss of leadership to the next election',
  errors: 'Errors told, by code; each is tried again',
};

/** Upper bounds of the histograms, in seconds. */
export const BUCKETS = {
  refreshDuration: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  reelection: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
} as const satisfies Partial<Record<keyof Instruments, readonly number[]>>;
