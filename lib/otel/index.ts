import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import type { Election } from '../election.js';
import type { Pool } from '../pool/pool.js';
import { PoolRecorder } from '../recording/pool-recorder.js';
import { checkQueueInterval, Recorder } from '../recording/recorder.js';
import { disposable } from '../recording/sources.js';
import { instrumentsOf } from './instruments.js';
import { poolInstrumentsOf } from './pool-instruments.js';
import { Spans } from './spans.js';

export { contextOf } from './spans.js';

/** The name of the meter and of the tracer. */
const SCOPE = 'etcd-leader';

export interface InstrumentOptions {
  /**
   * Where the metrics go.
   *
   * @default the global one of `@opentelemetry/api`
   */
  readonly meterProvider?: MeterProvider;

  /**
   * Where the spans go.
   *
   * @default the global one of `@opentelemetry/api`
   */
  readonly tracerProvider?: TracerProvider;

  /**
   * Seconds between two reads of the queue for `etcd_leader.queue.position`, 0 to 3,600. `Infinity`: no reads, and no
   * position while this candidate waits. See `queueInterval` of `etcd-leader/metrics`.
   *
   * @default 30
   */
  readonly queueInterval?: number;
}

/** Ends the reports of this election or pool, and the spans that go on. Idempotent. */
export interface Detach {
  (): void;
  [Symbol.dispose](): void;
}

/**
 * Reports an election to OpenTelemetry: the same figures as `etcd-leader/metrics`, a span for each term of this
 * candidate, and a span for each handover that it sees. docs/opentelemetry.md lists them. Call it before other
 * listeners are added, so that `contextOf()` knows the term in them, and after the SDK has been set up.
 *
 * A collection never waits for etcd. It does not report single requests: gRPC has an instrumentation of its own.
 *
 * @throws Error when an election of this name reports to the same meter already, or `queueInterval` is out of range
 * @example
 * ```ts
 * import { instrument } from 'etcd-leader/otel';
 *
 * const detach = instrument(election);
 * election.start();
 * await election.stop();
 * detach();
 * ```
 */
export function instrument(election: Election, options: InstrumentOptions = {}): Detach {
  const { meterProvider = metrics, tracerProvider = trace, queueInterval = 30 } = options;
  checkQueueInterval(queueInterval);
  const instruments = instrumentsOf(meterProvider.getMeter(SCOPE));
  const spans = new Spans(election, tracerProvider.getTracer(SCOPE));
  const detach = instruments.sources.attach(new Recorder(election, instruments, 1000 * queueInterval));
  spans.start();
  return disposable(() => {
    detach();
    spans.stop();
  });
}

export type InstrumentPoolOptions = Pick<InstrumentOptions, 'meterProvider'>;

/**
 * Reports one worker of a pool to OpenTelemetry: the same figures as `collectPoolMetrics` of `etcd-leader/metrics`, and
 * no spans. docs/opentelemetry.md lists them. A collection asks etcd for nothing. How many workers there are, and how
 * many partitions nobody owns, only the coordinator knows: the others do not report these two.
 *
 * @throws Error when a pool of this name reports to the same meter already
 * @example
 * ```ts
 * import { instrumentPool } from 'etcd-leader/otel';
 *
 * const detach = instrumentPool(pool);
 * pool.start();
 * await pool.stop();
 * detach();
 * ```
 */
export function instrumentPool(pool: Pool, { meterProvider = metrics }: InstrumentPoolOptions = {}): Detach {
  const instruments = poolInstrumentsOf(meterProvider.getMeter(SCOPE));
  return disposable(instruments.sources.attach(new PoolRecorder(pool, instruments)));
}
