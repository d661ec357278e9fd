import { expect } from 'chai';
import type { Etcd3, Lease } from 'etcd3';
import { Pool } from '../../lib/index.js';
import { historyKeyOf } from '../../lib/queue/control-keys.js';
import { bytesOfTerms, type RecordedTerm } from '../../lib/queue/recorded-terms.js';
import { bytesOf } from '../../lib/store/bytes.js';
import { browserOfSuite } from '../support/browser/chromium.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { type Smoothness, smoothness, smoothnessText } from '../support/browser/frames.js';
import { openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const ELECTIONS = 1_000;
const PARTITIONS = 1_000;
/**
 * Milliseconds of the processor, which counts more of them when other programs have its caches. By the clock nothing is
 * promised: Chromium paints without a graphics card here, beside etcd and whatever else the machine does.
 */
const WORK_OF_A_FRAME = 30;
const LONGEST_TASK = 150;
/** Operations in one transaction of etcd, which takes 128, and 1.5 MiB: a hundred terms are 12 kB. */
const BATCH = 100;
/** Milliseconds between the beginnings of two recorded terms: three or four of them are of the last day. */
const TERM = 7 * 3_600_000;
/** Pixels in each frame: from one end of 1,000 rows to the other in about three seconds. */
const STEP = 200;

describe('the page with 1,000 elections and a pool of 1,000 partitions', () => {
  const cluster = sharedCluster();
  const open = browserOfSuite();

  async function openPage(prefix: string): Promise<ElectionsPage> {
    const program = CliProgram.start(['serve', prefix, '--listen', '127.0.0.1:0'], { hosts: cluster().hosts });
    const [url = ''] = /http:\S+/.exec(await program.stdout.line(/http:\/\//)) ?? [];
    return await ElectionsPage.open(await open(), url);
  }

  /** A candidate of one process in every election, on one lease, as a shared session has them. */
  async function queueEverywhere(client: Etcd3, prefix: string, value: string): Promise<Lease> {
    const lease = client.lease(300, { autoKeepAlive: false });
    const id = BigInt(await lease.grant()).toString(16);
    await everywhere(client, prefix, (name) => lease.put(`${name}/${id}`).value(value));
    return lease;
  }

  /** What leaders with `history` have recorded. */
  async function recordEverywhere(client: Etcd3, prefix: string, count: number): Promise<void> {
    const begun = Date.now() - count * TERM;
    const terms = Array.from({ length: count }, (_, at): RecordedTerm => {
      const from = begun + at * TERM;
      const times = { from, until: from + TERM - 12, why: 'STOPPED' };
      return { fencingToken: BigInt(at + 1), value: `host-${at % 7}`, leaseId: '694d9a1b2c3d4e5f', ...times };
    });
    const value = bytesOfTerms(terms, count);
    await everywhere(client, prefix, (name) => client.put(bytesOf(historyKeyOf(name))).value(value));
  }

  async function everywhere(client: Etcd3, prefix: string, put: (name: string) => ReturnType<Etcd3['put']>) {
    for (let at = 0; at < ELECTIONS; at += BATCH) {
      const names = Array.from({ length: BATCH }, (_, index) => `${prefix}job-${at + index}`);
      await client
        .if('any', 'Version', '>', -1)
        .then(...names.map(put))
        .commit();
    }
  }

  /** Has the page scroll through all rows of a list and back while `change` is under way. */
  async function scrolled(page: ElectionsPage, list: string, change: () => Promise<unknown>): Promise<Smoothness> {
    return await smoothness(page, async () => {
      const scrolling = page.page.evaluate(`look.scroll(document.querySelector('${list}'), ${STEP})`);
      await change();
      await scrolling;
    });
  }

  function expectSmooth(what: string, smooth: Smoothness): void {
    console.log(`        ${what}: ${smoothnessText(smooth)}`);
    expect(smooth.frames).to.be.above(10);
    expect(smooth.work).to.be.lessThan(WORK_OF_A_FRAME);
    expect(smooth.longestTask).to.be.lessThan(LONGEST_TASK);
  }

  for (const recorded of [0, 100]) {
    it(`scrolls smoothly while all change their leaders at once, with ${recorded} recorded terms each`, async () => {
      const prefix = `${uniqueName('page')}/`;
      const client = openClient(cluster().hosts);
      if (recorded > 0) await recordEverywhere(client, prefix, recorded);
      const first = await queueEverywhere(client, prefix, 'host-1');
      const second = await queueEverywhere(client, prefix, 'host-2');
      await queueEverywhere(client, prefix, 'host-3');
      const page = await openPage(prefix);
      await until(() => page.page.getByText(`${ELECTIONS} elections`).isVisible(), { what: 'all elections' });
      expect(await page.page.getByRole('option').count()).to.be.lessThan(60);

      expectSmooth('scrolling', await scrolled(page, '#elections', async () => {}));
      const told = page.page.getByRole('log').locator('p');
      const changing = await scrolled(page, '#elections', async () => {
        for (const lease of [first, second]) {
          const before = await told.count();
          await lease.revoke();
          await until(async () => (await told.count()) > before, { what: 'changes to be announced' });
        }
      });
      expectSmooth('scrolling, 1,000 new leaders twice', changing);
      await page.shows(`${prefix}job-0`, /host-3 leads/);
      expect(page.complaints).to.deep.equal([]);
    });
  }

  it('stays smooth on the map while a worker of the pool leaves and 250 partitions move', async () => {
    const name = uniqueName('page');
    const workers = [1, 2, 3, 4].map((at) =>
      tracked(
        new Pool(openClient(cluster().hosts), name, {
          partitions: PARTITIONS,
          member: `w-${at}`,
          ttl: 60,
          settle: 200,
        }),
      ),
    );
    for (const worker of workers) worker.start();
    const owned = (): number => workers.reduce((sum, worker) => sum + worker.owned.size, 0);
    await until(() => owned() === PARTITIONS && workers.every((worker) => worker.owned.size > 0), {
      within: 120_000,
      what: 'the pool to be shared',
    });
    const page = await openPage(name);
    await page.page.getByRole('link', { name: /Pools/ }).click();
    await page.page.getByText(`${PARTITIONS} partitions, 4 workers`).waitFor();

    const moving = await smoothness(page, async () => {
      await workers[3]?.stop();
      await page.page.getByText(`${PARTITIONS} partitions, 3 workers, 0 unowned`).waitFor();
    });
    expectSmooth('the map, 250 partitions that move', moving);

    await page.page.getByLabel('As a list').check();
    expectSmooth('the partitions as a list', await scrolled(page, '#partitions', async () => {}));
    expect(page.complaints).to.deep.equal([]);
  });
});
