/** Labels of every figure of a pool. */
export interface OfPool {
  readonly pool: string;
}

/** Labels of what is counted by the reason of a loss. */
export interface OfReason extends OfPool {
  readonly reason: string;
}

export interface PoolGauge {
  set(labels: OfPool, value: number): void;
  /** The value is not known, or not any more. */
  remove(labels: OfPool): void;
}

export interface PoolCounter {
  /** Adds `by`, which is 1 by default; with 0 the series begins. */
  inc(labels: OfReason, by?: number): void;
  remove(labels: OfReason): void;
}

export interface PoolHistogram {
  /** Seconds. */
  observe(labels: OfPool, seconds: number): void;
  /** The series begins, with no observation. */
  zero(labels: OfPool): void;
  remove(labels: OfPool): void;
}

/** What a recorder of pools records with. */
export interface PoolInstruments {
  readonly owned: PoolGauge;
  readonly planned: PoolGauge;
  readonly unowned: PoolGauge;
  readonly members: PoolGauge;
  readonly coordinator: PoolGauge;
  readonly moves: PoolCounter;
  readonly handover: PoolHistogram;
}

/** What each figure is, in the words of every back end. */
export const POOL_HELP: Readonly<Record<keyof PoolInstruments, string>> = {
  owned: 'Partitions that this worker owns, by the clock at the moment of the scrape',
  planned: 'Partitions that this worker is to own',
  unowned: 'Partitions that nobody owns; told by the coordinator only',
  members: 'Workers in the pool; told by the coordinator only',
  coordinator: 'Whether this worker coordinates the pool, by the clock at the moment of the scrape',
  moves: 'Partitions that this worker has lost, by reason',
  handover: 'From standing behind the last owner of a partition to owning it',
};

/** Upper bounds of `handover`, in seconds. */
export const HANDOVER_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
