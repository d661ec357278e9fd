import { join } from 'node:path';
import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { CliProgram } from '../support/cli/program.js';
import { ROOT } from '../support/docs/pages.js';
import { until } from '../support/wait.js';

/** Milliseconds; the demo lets its reader read. */
const LONG = 90_000;

describe('npm run demo -- --web', () => {
  const open = browserOfSuite();

  it('shows its three leaders on the page, live, and stays until Ctrl-C', async () => {
    const demo = CliProgram.spawn(process.execPath, [join(ROOT, 'dist/scripts/demo.js'), '--web']);
    const url = /http:\S+/.exec(await demo.stdout.line(/the page is at http:/, LONG))?.[0] ?? '';
    const page = await ElectionsPage.open(await open(), url);
    const leaders = page.page.getByRole('rowheader');

    await demo.stdout.line(/the page stays until Ctrl-C/, LONG);
    const names = async (): Promise<string> => [...new Set(await leaders.allTextContents())].sort().join();
    await until(async () => (await names()) === 'ada,ben,cleo', { what: 'the terms of all three' });
    expect(page.requests.filter((each) => each.endsWith('/'))).to.have.length(1);
    expect(page.complaints).to.deep.equal([]);

    demo.kill('SIGINT');
    expect(await demo.exited(LONG)).to.deep.equal({ code: 0 });
    await page.statusIs(/Not connected/);
  });
});
