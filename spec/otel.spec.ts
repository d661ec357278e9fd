import { type Attributes, context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AggregationTemporality, DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import type { Election } from '../lib/election.js';
import { collectMetrics } from '../lib/metrics.js';
import { contextOf, type InstrumentOptions, instrument } from '../lib/otel/index.js';
import { METRICS } from '../lib/otel/instruments.js';
import { HELP } from '../lib/recording/instruments.js';
import { FakeElection } from '../lib/testing.js';
import { tracked } from './support/track.js';
import { World } from './support/world.js';

/** A reader that is asked by the spec, as an exporter in memory. */
class Collector extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** One figure of one series: a number, or of a histogram how many there were and their sum. */
type Figures = Readonly<Record<string, number | { readonly count: number; readonly sum: number }>>;

/** The names of prom-client's metrics, by ours. */
const PROMETHEUS: Readonly<Record<keyof typeof METRICS, string>> = {
  isLeader: 'is_leader',
  expiresIn: 'expires_in_seconds',
  queuePosition: 'queue_position',
  suspended: 'suspended',
  elected: 'elected_total',
  unelected: 'unelected_total',
  leaderChanges: 'leader_changes_total',
  leadingSeconds: 'leading_seconds_total',
  refreshDuration: 'refresh_duration_seconds',
  refreshFailures: 'refresh_failures_total',
  reelection: 'reelection_seconds',
  errors: 'errors_total',
};
const KEYS = Object.keys(METRICS) as (keyof typeof METRICS)[];

describe('OpenTelemetry', () => {
  let world: World;
  let collector: Collector;
  let spans: InMemorySpanExporter;
  let options: Required<Pick<InstrumentOptions, 'meterProvider' | 'tracerProvider'>>;

  beforeEach(() => {
    world = new World();
    collector = new Collector({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
    spans = new InMemorySpanExporter();
    const meterProvider = new MeterProvider({ readers: [collector] });
    tracked({ close: () => meterProvider.shutdown() });
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    options = { meterProvider, tracerProvider };
  });

  const watch = (election: Election): void => void tracked({ close: instrument(election, options) });

  /** What the SDK has collected, with the series named as in Prometheus. */
  const collected = async (): Promise<Figures> => {
    const { resourceMetrics, errors } = await collector.collect();
    expect(errors).to.deep.equal([]);
    const figures: Record<string, number | { count: number; sum: number }> = {};
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints, dataPointType } of metrics) {
        const key = KEYS.find((one) => METRICS[one].name === descriptor.name);
        expect(descriptor.unit).to.equal(key && METRICS[key].unit);
        expect(descriptor.description).to.equal(key && HELP[key]);
        for (const { attributes, value } of dataPoints) {
          const code = attributes['etcd_leader.reason'] ?? attributes['error.type'];
          const series = [key && PROMETHEUS[key], attributes['etcd_leader.election'], code].filter(Boolean).join(' ');
          if (dataPointType === DataPointType.HISTOGRAM) {
            const { count, sum = 0 } = value as { count: number; sum?: number };
            figures[series] = { count, sum };
          } else figures[series] = value as number;
        }
      }
    }
    return figures;
  };

  const scraped = async (register: Registry): Promise<Figures> => {
    const figures: Record<string, number | { count: number; sum: number }> = {};
    for (const { name, type, values } of await register.getMetricsAsJSON()) {
      for (const sample of values) {
        const { labels, value } = sample;
        const short = name.replace('etcd_leader_', '');
        const series = [short, labels['election'], Object.entries(labels).find(([label]) => label === 'code')?.[1]]
          .filter(Boolean)
          .join(' ');
        if (String(type) !== 'histogram') {
          figures[series] = value;
          continue;
        }
        const part = /_(count|sum)$/.exec((sample as { readonly metricName?: string }).metricName ?? '')?.[1];
        const known = figures[series];
        const whole = typeof known === 'object' ? known : { count: 0, sum: 0 };
        if (part !== undefined) figures[series] = { ...whole, [part]: value };
      }
    }
    return figures;
  };

  it('has the same figures as Prometheus, after an eventful life', async () => {
    const register = new Registry();
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    for (const election of [a]) {
      watch(election);
      tracked({ close: collectMetrics(election, { register }) });
    }
    await world.queued(a, b);
    await world.advance(20_000);
    await world.settled(a.stepDown());
    await world.until(() => b.isLeader(), 'b leads');
    await world.advance(5_000);
    await world.settled(b.stop());
    await world.until(() => a.isLeader(), 'a leads again');
    world.etcd.delete(a.leadership?.key ?? '');
    await world.until(() => !a.isLeader(), 'a loses it');
    await world.until(() => a.isLeader(), 'a leads once more');
    world.etcd.restart(3_000);
    await world.advance(6_000);

    const scrape = await scraped(register);
    const present = await collected();
    expect(scrape).to.include({ 'elected_total jobs': 3, 'unelected_total jobs KEY_DELETED': 1, 'is_leader jobs': 1 });
    for (const [series, figure] of Object.entries(scrape)) {
      // A second passes between the two looks at a clock at the most.
      if (/^(expires_in|leading)_seconds/.test(series)) expect(present[series]).to.be.closeTo(figure as number, 1);
      else if (typeof figure === 'object') {
        const other = (present[series] ?? { count: 0, sum: 0 }) as { count: number; sum: number };
        expect(other.count, series).to.equal(figure.count);
        expect(other.sum, series).to.be.closeTo(figure.sum, 0.1);
      } else expect(present[series], series).to.equal(figure);
    }
    expect(Object.keys(scrape)).to.include.members(Object.keys(present));
    await world.settled(a.stop());
  });

  it('tells whether this candidate leads at the moment of the collection', async () => {
    const fake = tracked(new FakeElection('jobs'));
    watch(fake);
    fake.start();
    await fake.setLeader('another');
    expect(await collected()).to.include({ 'is_leader jobs': 0, 'leading_seconds_total jobs': 0 });
    await fake.elect();
    expect(await collected()).to.include({
      'is_leader jobs': 1,
      'queue_position jobs': 1,
      'expires_in_seconds jobs': 7.5,
    });
    await fake.depose('LEASE_LOST');
    expect(await collected()).to.include({ 'is_leader jobs': 0, 'unelected_total jobs LEASE_LOST': 1 });
  });

  it('keeps the elections of one meter apart, and refuses two of one name', async () => {
    const [a, b] = [tracked(new FakeElection('a')), tracked(new FakeElection('b'))];
    watch(a);
    watch(b);
    a.start();
    await a.elect();
    expect(await collected()).to.include({ 'is_leader a': 1, 'is_leader b': 0 });
    expect(() => instrument(new FakeElection('a'), options)).to.throw(
      'an election a reports to this meter already: use another meter provider',
    );
  });

  it('reports nothing of an election that was detached, and follows it no longer', async () => {
    const fake = tracked(new FakeElection('jobs'));
    const detach = instrument(fake, options);
    fake.start();
    await fake.elect();
    detach();
    detach();
    await fake.depose('LEASE_LOST');
    const figures = await collected();
    expect(
      Object.keys(figures).filter((series) => /^(is_leader|expires|queue|suspended|leading)/.test(series)),
    ).to.deep.equal([]);
    expect(figures).to.include({ 'elected_total jobs': 1, 'unelected_total jobs LEASE_LOST': 0 });
    watch(fake); // again
  });

  it('does without an SDK', async () => {
    const fake = tracked(new FakeElection('jobs'));
    tracked({ close: instrument(fake) });
    fake.start();
    const leadership = await fake.elect();
    expect(trace.getSpan(contextOf(leadership))?.isRecording()).to.equal(false);
    await fake.depose();
  });

  it('refuses a queueInterval in milliseconds', () => {
    const attempt = (): unknown => instrument(new FakeElection('jobs'), { ...options, queueInterval: 30_000 });
    expect(attempt).to.throw('`queueInterval` must be 3600 seconds or less');
  });

  describe('spans', () => {
    const ended = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);
    const attributesOf = (name: string): Attributes[] => ended(name).map(({ attributes }) => attributes);

    it('have one for each term, from elected to unelected, with why it has ended', async () => {
      const fake = tracked(new FakeElection('jobs'));
      watch(fake);
      fake.start();
      const first = await fake.elect();
      expect(ended('etcd_leader.term')).to.have.length(0);
      await fake.suspend();
      await fake.resume();
      await fake.depose('KEY_DELETED');
      const second = await fake.elect();
      await fake.stop();
      expect(attributesOf('etcd_leader.term')).to.deep.equal([
        {
          'etcd_leader.election': 'jobs',
          'etcd_leader.fencing_token': first.fencingToken.toString(),
          'etcd_leader.lease.id': first.leaseId,
          'etcd_leader.reason': 'KEY_DELETED',
          'error.type': 'KEY_DELETED',
        },
        {
          'etcd_leader.election': 'jobs',
          'etcd_leader.fencing_token': second.fencingToken.toString(),
          'etcd_leader.lease.id': second.leaseId,
          'etcd_leader.reason': 'STOPPED',
        },
      ]);
      const [lost, stopped] = ended('etcd_leader.term');
      expect([lost?.status.code, stopped?.status.code]).to.deep.equal([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
      expect(lost?.events.map(({ name }) => name)).to.deep.equal(['suspended', 'resumed']);
    });

    it('have one for each handover, on the candidate that loses, on the one that wins and on the others', async () => {
      const all = ['a', 'b', 'c'].map((name) => world.candidate(name).election);
      const [a, b] = all as [Election, Election, Election];
      await world.queued(...all);
      const exporters = all.map((election) => {
        const exporter = new InMemorySpanExporter();
        const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
        tracked({ close: instrument(election, { tracerProvider, meterProvider: new MeterProvider() }) });
        return exporter;
      });
      // Whoever is instrumented later hears of the present leader at the next event that names it.
      const first = a.leadership?.fencingToken.toString();
      await world.settled(a.proclaim('still a'));
      await world.advance(3_000);
      await world.settled(a.stepDown());
      await world.until(() => b.isLeader(), 'b leads');
      await world.advance(3_000);
      const second = b.leadership?.fencingToken.toString();
      for (const [index, exporter] of exporters.entries()) {
        const handovers = exporter.getFinishedSpans().filter(({ name }) => name === 'etcd_leader.handover');
        expect(handovers.map(({ attributes }) => attributes)).to.deep.equal([
          {
            'etcd_leader.election': 'jobs',
            'etcd_leader.previous.fencing_token': first,
            'etcd_leader.fencing_token': second,
            'etcd_leader.is_leader': index === 1,
          },
        ]);
      }
      for (const election of all) await world.settled(election.stop());
    });

    it('have none for the first leader, and none for what happened while the candidate was stopped', async () => {
      const fake = tracked(new FakeElection('jobs'));
      watch(fake);
      fake.start();
      await fake.setLeader('one');
      await fake.stop();
      await fake.setLeader('two');
      fake.start();
      await fake.setLeader('two');
      expect(ended('etcd_leader.handover')).to.deep.equal([]);
      await fake.setLeader('three');
      expect(ended('etcd_leader.handover')).to.have.length(1);
    });
  });

  describe('context', () => {
    const manager = new AsyncLocalStorageContextManager();

    before(() => {
      context.setGlobalContextManager(manager.enable());
    });

    after(() => {
      context.disable();
    });

    it('stays the caller’s in listeners, and terms are traces of their own', async () => {
      const tracer = options.tracerProvider.getTracer('spec');
      const fake = tracked(new FakeElection('jobs'));
      const heard: (string | undefined)[] = [];
      const caller = tracer.startSpan('a request');
      context.with(trace.setSpan(context.active(), caller), () => {
        watch(fake);
        fake.on('elected', () => heard.push(trace.getActiveSpan()?.spanContext().spanId));
      });
      fake.start();
      await fake.elect();
      await fake.depose();
      const [term] = spans.getFinishedSpans();
      expect(heard).to.deep.equal([caller.spanContext().spanId]);
      expect(term?.name).to.equal('etcd_leader.term');
      expect(term?.parentSpanContext).to.equal(undefined);
      expect(term?.spanContext().traceId).to.not.equal(caller.spanContext().traceId);
    });

    it('makes work a part of its term', async () => {
      const tracer = options.tracerProvider.getTracer('spec');
      const fake = tracked(new FakeElection('jobs'));
      watch(fake);
      fake.on('elected', (leadership) => {
        context.with(contextOf(leadership), () => tracer.startSpan('work').end());
      });
      fake.start();
      await fake.elect();
      await fake.depose();
      const [work, term] = spans.getFinishedSpans();
      expect([work?.name, term?.name]).to.deep.equal(['work', 'etcd_leader.term']);
      expect(work?.parentSpanContext?.spanId).to.equal(term?.spanContext().spanId);
    });
  });
});
