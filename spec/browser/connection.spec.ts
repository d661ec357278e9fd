import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { drawnElection } from '../support/browser/drawn.js';
import { ElectionsPage } from '../support/browser/elections-page.js';
import { CliProgram } from '../support/cli/program.js';
import { freePorts } from '../support/cluster/ports.js';
import { openSite, SECRET } from '../support/serve/site.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

/** `As of 12:03:10.` */
const AS_OF = /As of \d\d:\d\d:\d\d\./;

describe('what the page says of its connection', () => {
  const cluster = sharedCluster();
  const open = browserOfSuite();

  it('says as of when it was so while the server is away, and is live again by itself', async () => {
    const hosts = cluster().hosts;
    const prefix = uniqueName('page');
    const [port = 0] = await freePorts(1); // one that nobody is given while the server is away
    const first = CliProgram.start(['serve', prefix, '--listen', `127.0.0.1:${port}`], { hosts });
    const [url = ''] = /http:\S+/.exec(await first.stdout.line(/http:\/\//)) ?? [];
    const page = await ElectionsPage.open(await open(), url);

    first.kill('SIGKILL');
    await page.statusIs(/Not connected\. As of \d\d:\d\d:\d\d\./);
    const told = AS_OF.exec(await page.status())?.[0];
    await until(async () => /\([1-9] s\)/.test(await page.page.getByRole('button', { name: /Try now/ }).innerText()), {
      what: 'the page to wait longer than a second',
    });
    expect(AS_OF.exec(await page.status())?.[0]).to.equal(told);
    expect(await page.page.locator('main').getAttribute('class')).to.include('is-old');

    CliProgram.start(['serve', prefix, '--listen', new URL(url).host], { hosts });
    await page.statusIs(/Live/);
    expect(await page.page.locator('main').getAttribute('class')).to.include('is-live');
  });

  it('says that etcd does not answer, also to those who come meanwhile, until it answers', async () => {
    const { url, view } = await openSite();
    view.draw(drawnElection('jobs', [{ value: 'ada', from: 100 }]));
    const page = await ElectionsPage.open(await open(), url);
    const failedAt = Date.now();
    view.fail();
    await page.statusIs(/etcd does not answer\. As of/);
    // A second earlier at the most: that is how often etcd is asked.
    const told = Date.parse(`${new Date().toDateString()} ${/\d\d:\d\d:\d\d/.exec(await page.status())?.[0]}`);
    expect(told).to.be.within(failedAt - BUSY, failedAt);
    const late = await ElectionsPage.open(await open(), url, /etcd does not answer\. As of/);
    await late.shows('jobs', /ada leads/);
    expect(await late.status()).to.match(/etcd does not answer/);
    view.answer();
    await page.statusIs(/Live/);
    await late.statusIs(/Live/);
    expect([...page.complaints, ...late.complaints]).to.deep.equal([]);
  });

  it('is not called live when the server has been silent for 12 seconds', async () => {
    const { url } = await openSite();
    const opened = await open();
    await opened.page.clock.install();
    const page = await ElectionsPage.open(opened, url);
    await page.ask('recordStatus');
    await opened.page.clock.fastForward(13_000);
    const silent = async (): Promise<boolean> => {
      const statuses = await opened.page.evaluate<string[]>('look.statuses');
      return statuses.some((text) => /Not connected.*the server is silent/.test(text));
    };
    await until(silent, { what: 'the page to say that the server is silent' });
    await opened.page.clock.fastForward(5_000);
    await page.statusIs(/Live/);
  });

  it('asks for the token that the server wants, and keeps it until the tab is closed', async () => {
    const { url, view } = await openSite({ secret: SECRET });
    view.draw(drawnElection('jobs', [{ value: 'ada', from: 100 }]));
    const page = await ElectionsPage.open(await open(), url, /wants a token/);
    await until(async () => (await page.ask('focused')) === 'INPUT', { what: 'the token to be asked for' });

    await page.page.keyboard.type('wrong');
    await page.page.keyboard.press('Enter');
    await page.page.getByText('The server has refused this token.').waitFor();
    await page.page.getByRole('textbox', { name: 'Token' }).fill(SECRET);
    await page.page.getByRole('button', { name: 'Connect' }).click();
    await page.shows('jobs', /ada leads/);
    expect(page.requests.filter((each) => each.includes(SECRET))).to.deep.equal([]);

    await page.page.reload();
    await page.statusIs(/Live/);
    const other = await ElectionsPage.open(await open(), url, /wants a token/);
    expect(await other.textOf('jobs')).to.equal('');
  });
});
