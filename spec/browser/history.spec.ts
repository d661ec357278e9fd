import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { historyKeyOf } from '../../lib/queue/control-keys.js';
import { bytesOfTerms, type RecordedTerm } from '../../lib/queue/recorded-terms.js';
import { bytesOf } from '../../lib/store/bytes.js';
import { browserOfSuite } from '../support/browser/chromium.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LEASE_ID = '694d9a1b2c3d4e5f';

/** What leaders have recorded in the last five days. Tokens are lower than all that follow. */
function pastTerms(): RecordedTerm[] {
  const now = Date.now();
  const terms = [
    ['ada', 5 * DAY, 4 * DAY, 'STOPPED'],
    ['ben', 4 * DAY, 3 * DAY, 'LEASE_EXPIRED'],
    ['ada', 3 * DAY, 2 * DAY, 'STEPPED_DOWN'],
    ['ben', 2 * DAY, 20 * HOUR, 'STOPPED'],
  ] as const;
  return terms.map(([value, from, until, why], at) => {
    return { fencingToken: BigInt(at + 1), value, leaseId: LEASE_ID, from: now - from, until: now - until, why };
  });
}

describe('the recorded terms of an election, on its page', () => {
  const cluster = sharedCluster();
  const open = browserOfSuite();
  let name: string;
  let candidates: readonly [Election, Election];
  let page: ElectionsPage;

  beforeEach(async () => {
    const { hosts } = cluster();
    name = uniqueName('page');
    const client = openClient(hosts);
    const past = pastTerms();
    for (let recorded = 1; recorded <= past.length; recorded++) {
      const value = bytesOfTerms(past.slice(0, recorded), 100);
      await client.put(bytesOf(historyKeyOf(name))).value(value);
    }
    const [cleo, dora] = ['cleo', 'dora'].map((value) => candidate(hosts, name, { value, history: 100 }));
    if (cleo === undefined || dora === undefined) throw new Error('there are two candidates');
    candidates = [cleo, dora];
    await joinInOrder(cleo, dora);
    const program = CliProgram.start(['serve', name, '--listen', '127.0.0.1:0'], { hosts });
    const [url = ''] = /http:\S+/.exec(await program.stdout.line(/http:\/\//)) ?? [];
    page = await ElectionsPage.open(await open(), url);
  });

  const askedFor = (): string[] =>
    page.requests.flatMap((url) => (url.includes('/api/') ? [url.replace(/^http:\/\/[^/]+/, '')] : []));

  /** The table of terms: who led, and why each term ended. The newest comes first. */
  async function terms(): Promise<string[]> {
    const rows = await page.page.locator('section.table tbody tr').all();
    const cells = await Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
    return cells.map((row) => `${row[0]}: ${row.at(-1)}`);
  }

  async function termsAre(...wanted: readonly string[]): Promise<void> {
    let shown: readonly string[] = [];
    const areThere = async (): Promise<boolean> => {
      shown = await terms();
      return shown.join('\n') === wanted.join('\n');
    };
    await until(areThere, { what: `the terms ${wanted.join(', ')}` }).catch((err: Error) => {
      throw new Error(`${err.message}; they are ${shown.join(', ')}`);
    });
  }

  const OF_DAYS_AGO = ['ben: lease ended: LEASE_EXPIRED (recorded)', 'ada: released: STOPPED (recorded)'];
  const OF_THE_LAST_DAY = ['ben: released: STOPPED (recorded)', 'ada: released: STEPPED_DOWN (recorded)'];

  it('are those of the last day in its row, and all of them when it is open', async () => {
    await page.page.getByText('24 h', { exact: true }).click();
    await page.shows(name, /cleo leads.*in the last 24 hours: 2 terms, 1 gap of together 20 h/);
    expect(askedFor()).to.deep.equal(['/api/events?terms=day']);

    await page.row(name).click();
    await termsAre('cleo:  (recorded)', ...OF_THE_LAST_DAY, ...OF_DAYS_AGO);
    expect(askedFor()).to.include(`/api/elections/${encodeURIComponent(name)}`);
    await page.page.getByText('Terms (5)').waitFor();
    expect(page.complaints).to.deep.equal([]);
  });

  it('grow by the term that ends while it is open, without a reload', async () => {
    await page.row(name).click();
    await termsAre('cleo:  (recorded)', ...OF_THE_LAST_DAY, ...OF_DAYS_AGO);

    await candidates[0].stepDown();
    await leading(candidates[1]);

    const cleo = /^cleo: (released|handed over): STEPPED_DOWN \(recorded\)$/;
    await until(async () => cleo.test((await terms())[1] ?? ''), { what: 'the end of the term of cleo' });
    const [newest, ended = ''] = await terms();
    await termsAre(newest ?? '', ended, ...OF_THE_LAST_DAY, ...OF_DAYS_AGO);
    expect(newest).to.match(/^dora:/);
    expect(page.requests.filter((url) => url.endsWith('/'))).to.have.length(1);
    expect(page.complaints).to.deep.equal([]);
  });

  it('are those that the page follows, when the server does not answer for the others', async () => {
    await page.page.route('**/api/elections/**', (route) => route.abort());
    await page.row(name).click();
    await termsAre('cleo:  (recorded)', ...OF_THE_LAST_DAY);
    await page.statusIs(/Live/);
  });
});
