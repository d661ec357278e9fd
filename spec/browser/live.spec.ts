import { expect } from 'chai';
import { browserOfSuite } from '../support/browser/chromium.js';
import { ElectionsPage, type ShownChange } from '../support/browser/elections-page.js';
import { openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { runCandidate } from '../support/processes.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up before the leader is killed. */
const TTL = 12;
/** A killed leader's lease ends so many milliseconds later, at the most, on a machine that is busy. */
const LEASE_ENDS = TTL * 1_000 + 500 + BUSY;
/** From etcd's event to the page, in milliseconds, with what a busy machine adds. */
const PROMISED = 1_000 + BUSY;

describe('the page of etcd-leader serve, while leaders are killed', () => {
  const cluster = sharedCluster();
  const open = browserOfSuite();

  /** The page of a prefix of its own, with the time of each of etcd's events in it. */
  async function openPage(prefix: string) {
    const etcd = openClient(cluster().hosts);
    const events: number[] = [];
    const watcher = await etcd.watch().prefix(prefix).create();
    watcher.on('data', () => events.push(Date.now()));
    tracked({ stop: () => watcher.cancel() });
    const program = CliProgram.start(['serve', prefix, '--listen', '127.0.0.1:0'], { hosts: cluster().hosts });
    const [url = ''] = /http:\S+/.exec(await program.stdout.line(/http:\/\//)) ?? [];
    const page = await ElectionsPage.open(await open(), url);
    return { page, events, url };
  }

  /** Milliseconds from etcd's last event to the first time that the page showed it. */
  function delay(shown: readonly ShownChange[], pattern: RegExp, event: number | undefined): number {
    const first = shown.find(({ text }) => pattern.test(text));
    if (first === undefined || event === undefined) throw new Error(`never shown: ${pattern}`);
    return first.at - event;
  }

  it('shows the gap and the next leader within a second of etcd’s event, without a reload', async () => {
    const name = uniqueName('page');
    const { page, events } = await openPage(name);
    const ada = runCandidate({ hosts: cluster().hosts, name, value: 'ada', ttl: TTL });
    await page.shows(name, /ada leads/);
    const shown = await page.record(name);
    expect(await page.gapPixels(name)).to.equal(0);

    ada.signal('SIGKILL');
    await page.shows(name, /nobody leads.*1 gap/, LEASE_ENDS);
    const [gap, gone] = [delay(await shown(), /nobody leads/, events.at(-1)), events.length];
    await until(async () => (await page.gapPixels(name)) > 20, { what: 'the gap to be drawn in red' });

    runCandidate({ hosts: cluster().hosts, name, value: 'ben', ttl: 60 });
    await page.shows(name, /ben leads.*2 terms, 1 gap/);
    const next = delay(await shown(), /ben leads/, events[gone]);

    console.log(`        the gap is shown ${gap} ms after etcd's event, the next leader ${next} ms`);
    expect(gap).to.be.lessThan(PROMISED);
    expect(next).to.be.lessThan(PROMISED);
    expect(page.requests.filter((url) => url.endsWith('/'))).to.have.length(1);
    expect(page.complaints).to.deep.equal([]);
  });

  it('shows the one that waited as the next leader, and lists both terms', async () => {
    const name = uniqueName('page');
    const { page, events } = await openPage(name);
    const ada = runCandidate({ hosts: cluster().hosts, name, value: 'ada', ttl: TTL });
    await page.shows(name, /ada leads/);
    runCandidate({ hosts: cluster().hosts, name, value: 'ben', ttl: 60 });
    await page.shows(name, /in the queue: 2/);
    const shown = await page.record(name);
    const before = events.length;

    ada.signal('SIGKILL');
    await page.shows(name, /ben leads.*2 terms, no gap/, LEASE_ENDS);

    const next = delay(await shown(), /ben leads/, events[before]);
    console.log(`        the next leader is shown ${next} ms after etcd's event`);
    expect(next).to.be.lessThan(PROMISED);
    await page.row(name).click();
    const leaders = page.page.getByRole('rowheader');
    await until(async () => (await leaders.allTextContents()).join() === 'ben,ada', { what: 'both terms' });
  });
});
