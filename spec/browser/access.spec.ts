import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { drawnElection, drawnPool } from '../support/browser/drawn.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { ROOT } from '../support/docs/pages.js';
import { openSite, SECRET } from '../support/serve/site.js';
import { until } from '../support/wait.js';

const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const PLACES = ['#/elections', '#/elections/billing%2Fjobs', '#/pools/imports'];

describe('the page, for everybody', () => {
  const open = browserOfSuite();

  async function drawn() {
    const { url, view } = await openSite();
    const terms = [
      { value: 'older' },
      { value: 'ada', from: 200, until: 120, ended: 'lease ended', isInexact: true },
      { value: 'ben', from: 100, until: 40, ended: 'handed over' },
      { value: 'cleo', from: 40 },
    ] as const;
    view.draw(drawnElection('billing/jobs', terms, 100, 3), drawnElection('reports', terms.slice(0, 2), 300));
    for (let at = 0; at < 40; at++) view.draw(drawnElection(`shard-${at}`, [{ value: 'dora', from: 60 }], 500 + at));
    view.drawPool(drawnPool('imports', ['worker-1', 'worker-2', 'worker-3'], 200, 50));
    return { url, view };
  }

  it('is walked by the keyboard alone, and always shows where one is', async () => {
    const { url } = await drawn();
    const page = await ElectionsPage.open(await open(), url);
    const { keyboard } = page.page;
    const stops: string[] = [];
    for (let stop = 0; stop < 12 && !/^Elections: up/.test(stops.at(-1) ?? ''); stop++) {
      await keyboard.press('Tab');
      stops.push(await page.ask<string>('focused'));
      expect(await page.ask('isFocusSeen'), `the focus on ${stops.at(-1)}`).to.equal(true);
    }
    expect(stops.map((stop) => stop.slice(0, 10))).to.deep.equal([
      'Elections ',
      'Pools (1)',
      'INPUT',
      'INPUT',
      'Election, ',
      'Leader',
      'Token',
      'Since',
      'Queue',
      'Elections:',
    ]);

    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowUp');
    await keyboard.press('ArrowLeft');
    await keyboard.press('ArrowLeft');
    await page.hears(/^ben, token 114, from/);
    await page.page.locator('.tip').getByText('ended: handed over').waitFor();
    await keyboard.press('Enter');
    await until(async () => (await page.ask('focused')) === 'billing/jobs', { what: 'the details to have the focus' });
    await keyboard.press('Escape');
    await until(async () => /^Elections: up/.test(await page.ask('focused')), { what: 'the list to have the focus' });

    await keyboard.press('End');
    await page.shows('shard-39', /dora leads/);
    await keyboard.press('Home');
    await page.shows('billing/jobs', /cleo leads/);
    expect(page.complaints).to.deep.equal([]);
  });

  it('has its map of partitions walked by the arrow keys, and told', async () => {
    const { url } = await drawn();
    const page = await ElectionsPage.open(await open(), `${url}#/pools/imports`);
    const map = page.page.getByRole('application', { name: /200 partitions, 4 unowned, worker-1 has/ });
    await map.focus();
    expect(await page.ask('isFocusSeen')).to.equal(true);
    for (let step = 0; step < 6; step++) await page.page.keyboard.press('ArrowRight');
    await page.hears(/^p-5, nobody owns it$/);
    await page.page.getByLabel('As a list').check();
    const list = page.page.getByRole('listbox', { name: 'Partitions' });
    expect(await list.getByRole('option').first().textContent()).to.equal('p-5: nobody owns it');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has names, roles and contrast as axe wants them, in ${colorScheme}`, async () => {
      const { url } = await drawn();
      const page = await ElectionsPage.open(await open({ colorScheme }), url);
      const found = async (): Promise<string[]> => {
        await page.page.evaluate(AXE);
        const { violations } = await page.page.evaluate<{ violations: readonly Violation[] }>('axe.run(document)');
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
      };
      for (const place of PLACES) {
        await page.page.goto(`${url}${place}`);
        await page.statusIs(/Live/);
        expect(await found(), place).to.deep.equal([]);
      }
      await page.page.getByLabel('As a list').check();
      expect(await found(), 'partitions as a list').to.deep.equal([]);
      const closed = await openSite({ secret: SECRET });
      await page.page.goto(closed.url);
      await page.statusIs(/wants a token/);
      expect(await found(), 'the token').to.deep.equal([]);
    });
  }

  it('fits into a window of 360 pixels', async () => {
    const { url } = await drawn();
    const page = await ElectionsPage.open(await open({ viewport: { width: 360, height: 640 } }), url);
    for (const place of PLACES) {
      await page.page.goto(`${url}${place}`);
      await page.statusIs(/Live/);
      expect(await page.ask('isScrolledSideways'), place).to.equal(false);
    }
    await page.page.goto(`${url}#/elections`);
    const box = await page.row('billing/jobs').locator('canvas').boundingBox();
    expect(box?.width).to.be.greaterThan(300);
  });

  it('announces a change of leader, and of many only how many', async () => {
    const { url, view } = await drawn();
    const page = await ElectionsPage.open(await open(), url);
    expect(await page.page.getByRole('log').getAttribute('aria-live')).to.equal('polite');
    view.draw(drawnElection('reports', [{ value: 'ben', from: 0 }], 400));
    await page.hears(/^reports: ben leads, token 400$/);
    for (let at = 0; at < 40; at++) view.draw(drawnElection(`shard-${at}`, [{ value: 'eve', from: 0 }], 900 + at));
    await page.hears(/^40 changes of leader$/);
  });

  it('moves nothing for those who want that', async () => {
    const { url } = await drawn();
    const page = await ElectionsPage.open(await open({ reducedMotion: 'reduce' }), url);
    const moving = "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s')";
    expect(await page.page.evaluate(`${moving}.length`)).to.equal(0);
    const other = await ElectionsPage.open(await open({ reducedMotion: 'no-preference' }), url);
    expect(await other.page.evaluate(`${moving}.length`)).to.be.greaterThan(0);
  });
});
