import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import type { Election, ElectionOptions } from '../../lib/index.js';
import { collectMetrics, type MetricsOptions } from '../../lib/metrics.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { get } from '../support/cluster/http.js';
import { stopwatch } from '../support/figures.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('the metrics of an election', () => {
  const cluster = sharedCluster();
  let name: string;
  let register: Registry;

  beforeEach(() => {
    name = uniqueName('metrics');
    register = new Registry();
  });

  const candidateWithMetrics = (options: ElectionOptions = {}, how: MetricsOptions = {}): Election => {
    const election = candidate(cluster().hosts, name, options);
    collectMetrics(election, { register, ...how });
    return election;
  };

  /** Scrapes as Prometheus does. */
  const scrape = async (): Promise<Samples> => {
    const server = await serve(register);
    const text = await get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    await new Promise((closed) => server.close(closed));
    return new Samples(text);
  };

  it('begin at zero, before anything has happened', async () => {
    candidateWithMetrics();
    const samples = await scrape();
    for (const metric of [
      'is_leader',
      'expires_in_seconds',
      'queue_position',
      'suspended',
      'elected_total',
      'leader_changes_total',
      'leading_seconds_total',
      'refresh_duration_seconds_count',
      'refresh_failures_total',
      'reelection_seconds_count',
    ]) {
      expect(samples.of(metric, name), metric).to.equal(0);
    }
  });

  it('tell of a leader, its time and what is left of it', async () => {
    const election = candidateWithMetrics({ ttl: 12 });
    await leading(election);
    const began = performance.now();
    const first = await scrape();
    const at = performance.now();
    expect(first.of('is_leader', name)).to.equal(1);
    expect(first.of('queue_position', name)).to.equal(1);
    expect(first.of('elected_total', name)).to.equal(1);
    expect(first.of('expires_in_seconds', name)).to.be.within(0, 9).and.not.equal(0);

    await until(async () => ((await scrape()).of('refresh_duration_seconds_count', name) ?? 0) >= 2, {
      what: 'two refreshes',
    });
    const asked = performance.now();
    const then = await scrape();
    const counted = (then.of('leading_seconds_total', name) ?? 0) - (first.of('leading_seconds_total', name) ?? 0);
    // Each scrape happened at some moment between question and answer.
    expect(counted).to.be.within((asked - at) / 1_000, (performance.now() - began) / 1_000);
    expect(then.of('refresh_duration_seconds_sum', name)).to.be.above(0);
    expect(then.of('expires_in_seconds', name)).to.be.within(0, 9).and.not.equal(0);
  });

  it('tell why leadership was lost, and how long it took to get it back', async () => {
    const election = candidateWithMetrics();
    const { key } = await leading(election);
    const again = new Promise((resolve) => election.on('elected', resolve));
    const since = stopwatch();
    await openClient(cluster().hosts).delete().key(key);
    await again;
    const took = since();
    const samples = await scrape();
    expect(samples.of('unelected_total', name, { code: 'KEY_DELETED' })).to.equal(1);
    expect(samples.of('elected_total', name)).to.equal(2);
    expect(samples.of('reelection_seconds_count', name)).to.equal(1);
    expect(samples.of('reelection_seconds_sum', name))
      .to.be.within(0, took / 1_000)
      .and.not.equal(0);
  });

  it('count no time to the next election that the candidate was stopped', async () => {
    const election = candidateWithMetrics();
    const { key } = await leading(election);
    election.once('unelected', () => void election.stop());
    await openClient(cluster().hosts).delete().key(key);
    await until(() => election.state === 'idle', { what: 'the candidate to be stopped' });
    await leading(election);
    const samples = await scrape();
    expect(samples.of('unelected_total', name, { code: 'KEY_DELETED' })).to.equal(1);
    expect(samples.of('elected_total', name)).to.equal(2);
    expect(samples.of('reelection_seconds_count', name)).to.equal(0);
  });

  it('tell the place of a waiting candidate in the queue, by a read that the scrape does not wait for', async () => {
    const [first, second] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    await joinInOrder(first, second);
    await queued(candidateWithMetrics());
    expect((await scrape()).of('queue_position', name)).to.equal(undefined);
    await until(async () => (await scrape()).of('queue_position', name) === 3, { what: 'the read' });

    await first.stop();
    await until(async () => (await scrape()).of('queue_position', name) === 2, { what: 'the next place' });
    expect((await scrape()).of('leader_changes_total', name)).to.equal(1);
  });

  it('read the queue no more often than asked, and never with Infinity', async () => {
    await leading(candidate(cluster().hosts, name));
    const counting = (how: MetricsOptions): { readonly count: number } => {
      const election = candidate(cluster().hosts, name);
      const reads = { count: 0 };
      const candidates = election.candidates.bind(election);
      election.candidates = () => {
        reads.count++;
        return candidates();
      };
      collectMetrics(election, { register, ...how });
      election.start();
      return reads;
    };
    const seldom = counting({ prefix: 'seldom_', queueInterval: 3_600 });
    const never = counting({ prefix: 'never_', queueInterval: Number.POSITIVE_INFINITY });
    const placed = async (): Promise<boolean> =>
      seldom.count > 0 && (await scrape()).of('queue_position', name, {}, 'seldom_') !== undefined;
    await until(async () => (await scrape()) && (await placed()), { what: 'the place' });
    for (let i = 0; i < 5; i++) await scrape();
    expect([seldom.count, never.count]).to.deep.equal([1, 0]);
  });

  it('keep the elections of one registry apart, and refuse two of one name', async () => {
    const election = candidateWithMetrics();
    const other = candidate(cluster().hosts, `${name}-other`);
    collectMetrics(other, { register });
    await leading(other);
    const samples = await scrape();
    expect([samples.of('is_leader', name), samples.of('is_leader', `${name}-other`)]).to.deep.equal([0, 1]);
    expect(() => collectMetrics(election, { register })).to.throw(/already/);
  });

  it('are gone when they are detached, and can be attached again', async () => {
    const election = candidate(cluster().hosts, name);
    const other = candidate(cluster().hosts, `${name}-other`);
    const detach = collectMetrics(election, { register });
    const detachOther = collectMetrics(other, { register });
    await leading(election);
    detach();
    detach();
    expect((await scrape()).text).not.to.include(`"${name}"`);
    detachOther[Symbol.dispose]();
    expect((await scrape()).text.trim()).to.equal('');

    collectMetrics(election, { register });
    await election.stepDown();
    await until(() => election.isLeader(), { what: 'the next term' });
    const samples = await scrape();
    expect(samples.of('elected_total', name)).to.equal(1);
    expect(samples.of('unelected_total', name, { code: 'STEPPED_DOWN' })).to.equal(1);
  });

  it('have no labels but the name of the election and a code', async () => {
    await leading(candidateWithMetrics({ value: 'a value' }));
    const labels = [...(await scrape()).text.matchAll(/(\w+)="/g)].map(([, label]) => label);
    expect([...new Set(labels)]).to.have.members(['election', 'code', 'le']);
  });
});

function serve(register: Registry): Promise<Server> {
  const server = tracked(
    createServer((_, response) => {
      register.metrics().then(
        (text) => response.end(text),
        (err: unknown) => response.writeHead(500).end(String(err)),
      );
    }),
  );
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** One answer of `/metrics`. */
class Samples {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  of(
    metric: string,
    election: string,
    labels: Record<string, string> = {},
    prefix = 'etcd_leader_',
  ): number | undefined {
    const wanted = Object.entries({ election, ...labels }).map(([label, value]) => `${label}="${value}"`);
    const line = this.text
      .split('\n')
      .find((sample) => sample.startsWith(`${prefix}${metric}{`) && wanted.every((label) => sample.includes(label)));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
  }
}
