import { expect } from 'chai';
import { pages } from '../support/docs/pages.js';
import { examples, fencedIn, type Snippet } from '../support/docs/snippets.js';
import { read, sampleOf, scrape } from '../support/prometheus.js';
import { PageReader } from '../support/reader/reader.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { until } from '../support/wait.js';

/** ms for what takes a second or two on a machine that has nothing else to do. */
const LONG = 40_000;

const all = [...pages().flatMap((page) => fencedIn(page)), ...examples()];
const nameOf = ({ file, line }: Snippet): string => `${file}:${line}`;

/** Those of the README make a program only together: its own spec runs them. */
const isAlone = ({ file }: Snippet): boolean => file !== 'README.md';

describe('a snippet of the pages and docstrings', () => {
  const cluster = sharedCluster();
  let reader: PageReader;

  before(async () => {
    reader = await PageReader.at(cluster().hosts);
  });

  const servers = all.filter(({ code }) => code.includes('register.metrics()')).filter(isAlone);

  it('serves metrics in two places', () => {
    expect(servers.map(({ file }) => file)).to.deep.equal(['docs/metrics.md', 'lib/metrics.ts']);
  });

  for (const snippet of servers) {
    it(`serves metrics that Prometheus 3 can scrape: ${nameOf(snippet)}`, async () => {
      const service = reader.start(snippet);
      const lead = async (): Promise<boolean> =>
        sampleOf(await scrape(reader.metricsUrl), 'etcd_leader_is_leader', 'jobs/nightly') === 1;
      await until(lead, { within: LONG, what: 'a scrape that tells of a leader' });
      service.kill('SIGTERM');
      expect(await service.exited(LONG), service.stderr.text).to.deep.equal({ code: 0 });
    });
  }

  for (const snippet of all.filter(({ code }) => code.includes("'SIGTERM'")).filter(isAlone)) {
    it(`lets the process end by itself, when it listens to SIGTERM: ${nameOf(snippet)}`, async () => {
      const service = reader.start(snippet);
      await service.stdout.line(/^listens to SIGTERM/, LONG);
      service.kill('SIGTERM');
      const exit = await service.exited(LONG);
      expect(Object.keys(exit), `${JSON.stringify(exit)} ${service.stderr.text}`).to.deep.equal(['code']);
    });
  }
});

describe('the scrape of these specs', () => {
  const TEXT = '# HELP a b\n# TYPE a gauge\na{election="jobs"} 1\n';

  it('refuses an answer without a type, of another type, and what is not the text of its type', () => {
    for (const type of ['', 'text/html', 'application/json', 'text/plain2; version=0.0.4']) {
      expect(() => read(TEXT, type), type).to.throw('Content-Type');
    }
    const good = 'text/plain; version=0.0.4; charset=utf-8';
    for (const text of ['', '<html></html>', 'a b c\n', '# TYPE a gauge\na b\n']) {
      expect(() => read(text, good), text).to.throw();
    }
    expect(sampleOf(read(TEXT, good), 'a', 'jobs')).to.equal(1);
  });
});
