import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { candidate, leading, openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** What somebody may write into etcd. Each would call `hacked` if it became HTML or a script. */
const HOSTILE = [
  '<img src=x onerror="hacked()">',
  '</script><script>hacked()</script>',
  '"><svg onload=hacked()>',
  'javascript:hacked()',
  '{{hacked()}}',
  '\u202ehacked\u2028\u0000\u001b[31m',
];

describe('values from etcd on the page', () => {
  const cluster = sharedCluster();
  const open = browserOfSuite();

  it('stay text, and load nothing from anywhere', async () => {
    const prefix = `${uniqueName('page')}/`;
    const client = openClient(cluster().hosts);
    for (const [at, value] of HOSTILE.entries()) {
      await leading(candidate(client, `${prefix}${at}${value.replaceAll('/', '')}`, { value }));
    }
    const program = CliProgram.start(['serve', prefix, '--listen', '127.0.0.1:0'], { hosts: cluster().hosts });
    const [url = ''] = /http:\S+/.exec(await program.stdout.line(/http:\/\//)) ?? [];
    const opened = await open();
    await opened.page.addInitScript('globalThis.hacked = () => { globalThis.isHacked = true; };');
    const page = await ElectionsPage.open(opened, url);

    const rows = page.page.getByRole('option');
    await until(async () => (await rows.count()) === HOSTILE.length, { what: 'all elections to be shown' });
    for (let at = 0; at < HOSTILE.length; at++) {
      const row = rows.nth(at);
      const value = HOSTILE[at] ?? '';
      expect(await row.textContent()).to.include(value);
      await row.click();
      const heading = page.page.getByRole('heading', { level: 2 });
      const isShown = async (): Promise<boolean> => (await heading.textContent())?.includes(`/${at}`) === true;
      await until(isShown, { what: `the details of election ${at}` });
      await row.hover();
      await page.list.press('ArrowLeft');
    }
    const tags = await page.ask<string[]>('tags');
    expect(tags).to.not.include.oneOf(['img', 'svg', 'script']);
    expect(await page.page.evaluate('globalThis.isHacked')).to.equal(undefined);
    expect(new Set(page.requests.map((each) => new URL(each).origin))).to.deep.equal(new Set([new URL(url).origin]));
    expect(page.complaints).to.deep.equal([]);
  });
});
