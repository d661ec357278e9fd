import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { type DrawnTerm, drawnElection, drawnPool } from '../support/browser/drawn.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { ROOT } from '../support/docs/pages.js';
import { openSite } from '../support/serve/site.js';

/** `SCREENSHOTS=1` writes the pictures of docs/serve.md anew; else they are only made, and the checkout stays. */
const IS_WRITING = process.env['SCREENSHOTS'] === '1';
const FOLDER = join(ROOT, 'docs', 'img');
/** Bytes: they are part of the package. */
const LARGEST = 200_000;

const HOSTS = ['web-1', 'web-2', 'web-3'];

/** What an incident looks like: a host dies, comes back, and some of its elections had nobody who waited. */
function incident(at: number): readonly DrawnTerm[] {
  const [first = '', second = '', third = ''] = [0, 1, 2].map((next) => HOSTS[(at + next) % HOSTS.length]);
  const started = { value: first, from: 290, isInexact: true } as const;
  if (first !== 'web-2') {
    return at % 4 === 0
      ? [
          { ...started, until: 90, ended: 'handed over' },
          { value: third, from: 90 },
        ]
      : [started];
  }
  const died = { ...started, until: 180 - at, ended: 'lease ended' } as const;
  if (at % 2 === 0) return [died, { value: second, from: 180 - at }];
  return [died, { value: third, from: 152 - 2 * at, until: 60, ended: 'released' }, { value: second, from: 60 }];
}

describe('the pictures of the page in the documentation', () => {
  const open = browserOfSuite();

  async function drawn(): Promise<string> {
    const { url, view } = await openSite();
    const names = ['mail', 'invoices', 'exports', 'cleanup', 'reports', 'search-index', 'thumbnails', 'webhooks'];
    for (const [at, name] of [...names, 'payouts', 'cache', 'sessions', 'metrics'].entries()) {
      view.draw(drawnElection(`jobs/${name}`, incident(at), 4_000 + at * 31, at % 5 === 1 ? 0 : 2));
    }
    const gone = [{ value: 'web-2', from: 200, until: 34, ended: 'lease ended' }] as const;
    view.draw(drawnElection('jobs/backup', [{ value: 'web-3' }, { value: 'web-1' }, ...gone], 5_000));
    view.drawPool(drawnPool('imports', ['worker-1', 'worker-2', 'worker-3', 'worker-4', 'worker-5'], 240, 80));
    return url;
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`are of today’s page, and small: ${colorScheme}`, async () => {
      const url = await drawn();
      const size = { viewport: { width: 1_200, height: 660 }, colorScheme };
      const page = await ElectionsPage.open(await open(size), url);
      await page.shows('jobs/backup', /nobody leads/);
      if (colorScheme === 'dark') {
        await page.page.goto(`${url}#/pools/imports`);
        await page.page.getByText('240 partitions').waitFor();
      }
      const picture = await page.page.screenshot({ animations: 'disabled' });
      expect(picture.length).to.be.lessThan(LARGEST);
      const file = join(FOLDER, `page-${colorScheme}.png`);
      if (IS_WRITING) {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(file, picture);
      }
      expect(existsSync(file), file).to.equal(true);
    });
  }
});
