import { register as globalRegister, type Registry, type RegistryContentType } from 'prom-client';
import type { Election } from './election.js';
import { instrumentsIn } from './metrics/instruments.js';
import { poolInstrumentsIn } from './metrics/pool-instruments.js';
import type { Pool } from './pool/pool.js';
import { PoolRecorder } from './recording/pool-recorder.js';
import { checkQueueInterval, Recorder } from './recording/recorder.js';
import { disposable } from './recording/sources.js';

export interface MetricsOptions {
  /**
   * Where the metrics are registered.
   *
   * @default the global registry of `prom-client`
   */
  readonly register?: Registry<RegistryContentType>;

  /**
   * What the names of the metrics begin with. Elections on one registry may share a prefix, and are told apart by the
   * label `election`.
   *
   * @default 'etcd_leader_'
   */
  readonly prefix?: string;

  /**
   * Seconds between two reads of the queue for `queue_position`. Each read costs etcd time in proportion to the queue.
   * No read is made while this candidate leads, or while nobody scrapes. `Infinity`: no reads, and no position while
   * this candidate waits. 3,600 at the most apart from that: a greater number is usually milliseconds.
   *
   * @default 30
   */
  readonly queueInterval?: number;
}

/** Ends the collection and takes the series of this election or pool out of the registry. Idempotent. */
export interface Detach {
  (): void;
  [Symbol.dispose](): void;
}

/**
 * Prometheus metrics of an election; docs/metrics.md lists them, with alerts and a dashboard. What can be asked without
 * etcd is asked at the moment of the scrape, so that `is_leader` is 0 as soon as `isLeader()` is false. A scrape never
 * waits for etcd.
 *
 * The labels are the election's name, and on some metrics an error code. So there are as many series as elections and
 * codes, never one for each candidate or value.
 *
 * @throws Error when metrics of an election of this name are in the registry already, another metric has one of the
 *   names, or `queueInterval` is out of range
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { register } from 'prom-client';
 * import { collectMetrics } from 'etcd-leader/metrics';
 *
 * const detach = collectMetrics(election);
 * const server = createServer(async (_, response) => {
 *   response.setHeader('Content-Type', register.contentType); // Prometheus 3 refuses an answer without it
 *   response.end(await register.metrics());
 * });
 * server.listen(9464);
 * process.once('SIGTERM', async () => {
 *   await election.stop();
 *   detach();
 *   server.close();
 * });
 * ```
 */
export function collectMetrics(election: Election, options: MetricsOptions = {}): Detach {
  const { register = globalRegister, prefix = 'etcd_leader_', queueInterval = 30 } = options;
  checkQueueInterval(queueInterval);
  const instruments = instrumentsIn(register, prefix);
  return disposable(instruments.sources.attach(new Recorder(election, instruments, 1000 * queueInterval)));
}

export interface PoolMetricsOptions {
  /**
   * Where the metrics are registered.
   *
   * @default the global registry of `prom-client`
   */
  readonly register?: Registry<RegistryContentType>;

  /**
   * What the names of the metrics begin with. Pools on one registry may share a prefix, and are told apart by the label
   * `pool`.
   *
   * @default 'etcd_leader_pool_'
   */
  readonly prefix?: string;
}

/**
 * Prometheus metrics of one worker of a pool; docs/metrics.md lists them. A scrape asks etcd for nothing. How many
 * workers there are, and how many partitions nobody owns, only the coordinator knows: on the others these two have no
 * series.
 *
 * @throws Error when metrics of a pool of this name are in the registry already, or another metric has one of the names
 * @example
 * ```ts
 * import { collectPoolMetrics } from 'etcd-leader/metrics';
 *
 * const detach = collectPoolMetrics(pool);
 * pool.start();
 * await pool.stop();
 * detach();
 * ```
 */
export function collectPoolMetrics(pool: Pool, options: PoolMetricsOptions = {}): Detach {
  const { register = globalRegister, prefix = 'etcd_leader_pool_' } = options;
  const instruments = poolInstrumentsIn(register, prefix);
  return disposable(instruments.sources.attach(new PoolRecorder(pool, instruments)));
}
