import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { instrumentsIn } from '../lib/metrics/instruments.js';
import { poolInstrumentsIn } from '../lib/metrics/pool-instruments.js';
import { ATTRIBUTE, METRICS } from '../lib/otel/instruments.js';
import { POOL_METRICS } from '../lib/otel/pool-instruments.js';
import { namesIn, ROOT, readPage, tableUnder } from './support/docs/pages.js';

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

describe('what is said of the metrics', () => {
  const register = new Registry();
  let names: string[];
  /** The names of the metrics of pools. */
  let ofPools: string[];

  before(() => {
    instrumentsIn(register, 'etcd_leader_');
    names = register.getMetricsAsArray().map(({ name }) => name);
    const pools = new Registry();
    poolInstrumentsIn(pools, 'etcd_leader_pool_');
    ofPools = pools.getMetricsAsArray().map(({ name }) => name);
  });

  const dashboard = (): Dashboard => JSON.parse(readFileSync(join(ROOT, 'docs/grafana-dashboard.json'), 'utf8'));
  const alerts = (): string => /```yaml\n([\s\S]*?)```/.exec(readPage('docs/metrics.md'))?.[1] ?? '';

  /** The metrics that a text names, without the endings that Prometheus adds to the name of a histogram. */
  const named = (text: string): string[] => [
    ...new Set([...text.matchAll(/etcd_leader_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))),
  ];

  it('lists every metric in the page, and no other', () => {
    expect(namesIn(tableUnder('docs/metrics.md', 'What there is', 'metric'))).to.have.members(names);
    expect(namesIn(tableUnder('docs/metrics.md', 'Pools', 'metric'))).to.have.members(ofPools);
  });

  it('names no metric in an alert rule that does not exist', () => {
    expect(named(alerts())).to.not.be.empty;
    expect([...names, ...ofPools]).to.include.members(named(alerts()));
  });

  it('shows every metric on the dashboard, and none that does not exist', () => {
    const { panels, templating } = dashboard();
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(named(expressions.join('\n'))).to.have.members([...names, ...ofPools]);
    expect(templating.list.map(({ name }) => name)).to.deep.equal(['datasource', 'election', 'pool']);
    expect(expressions.filter((expr) => !/(election|pool)=~"\$\1"/.test(expr))).to.deep.equal([]);
  });

  it('lays the panels of the dashboard out side by side', () => {
    const { panels } = dashboard();
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    for (const { gridPos: a, title } of panels) {
      expect(a.x + a.w, title).to.be.at.most(24);
      const overlapping = panels.filter(
        ({ gridPos: b }) => b !== a && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      );
      expect(
        overlapping.map((panel) => panel.title),
        title,
      ).to.deep.equal([]);
    }
  });

  it('lists every metric of OpenTelemetry with its unit, and beside it the metric of Prometheus', () => {
    const tables = [
      { section: 'Metrics', metrics: METRICS, prometheus: names },
      { section: 'Pools', metrics: POOL_METRICS, prometheus: ofPools },
    ];
    for (const { section, metrics, prometheus } of tables) {
      const { rows } = tableUnder('docs/opentelemetry.md', section, 'metric');
      const listed = rows.map(({ cells }) => cells.map((cell) => cell.replaceAll('`', '')));
      expect(listed.map(([name, , unit]) => `${name} ${unit}`)).to.have.members(
        Object.values(metrics).map(({ name, unit }) => `${name} ${unit}`),
      );
      expect(listed.map(([, , , name]) => name)).to.have.members(prometheus);
    }
  });

  it('names every attribute, and none that does not exist', () => {
    const text = readPage('docs/opentelemetry.md');
    const metrics = [...Object.values(METRICS), ...Object.values(POOL_METRICS)].map(({ name }) => name);
    const known = [...Object.values(ATTRIBUTE), ...metrics];
    const spans = ['etcd_leader.term', 'etcd_leader.handover'];
    const named = new Set([...text.matchAll(/`((?:etcd_leader|error)\.[\w.]+)`/g)].map(([, name]) => name));
    expect([...named]).to.have.members([...new Set([...known, ...spans])]);
  });
});
