import { expect } from 'chai';
import { candidate, openClient } from '../support/candidates.js';
import { readPage } from '../support/docs/pages.js';
import { fencedIn } from '../support/docs/snippets.js';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

describe('the recipe for once per period', () => {
  const cluster = sharedCluster();
  let ELECTION: string;

  beforeEach(() => {
    ELECTION = uniqueName('periods');
    const client = openClient(cluster().hosts);
    tracked({ close: () => client.delete().key(`${ELECTION}!period`).exec() });
  });

  /** Three replicas that start a second apart. */
  const threeReplicas = async (env: Readonly<Record<string, string>>): Promise<Replica[]> => {
    const replicas: Replica[] = [];
    for (const NAME of ['a', 'b', 'c']) {
      if (replicas.length > 0) await pause(1_000);
      replicas.push(
        replica('once-per-period', { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, NAME, TTL: '2', ...env }),
      );
    }
    return replicas;
  };
  const begun = (replicas: readonly Replica[]): string[] =>
    replicas.flatMap((one) => one.all(/^report of (\S+) begins/).map(({ captured }) => captured));

  it('is the example, word for word', () => {
    const [snippet] = fencedIn('docs/once-per-period.md');
    expect(snippet?.code).to.equal(readPage('examples/once-per-period.ts'));
  });

  it('begins the work of each period once, by three replicas, across a crash and a planned stop', async () => {
    const replicas = await threeReplicas({ EVERY: '1000', TAKES: '100' });
    const { first, others } = await firstToSay(replicas, /^report of .* done/);
    first.kill('SIGKILL');
    const { first: second, others: rest } = await firstToSay(others, /^report of .* done/);
    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);
    const { first: third } = await firstToSay(rest, /^report of .* done/);
    await until(() => third.all(/done$/).length >= 3, { within: 40_000, what: 'some more reports' });

    const all = begun(replicas);
    expect(all).to.have.lengthOf(new Set(all).size);
  });

  it('does not begin the work again when its replica is killed in the middle', async () => {
    const replicas = await threeReplicas({ EVERY: '2000000000', TAKES: '60000' });
    const { first, others } = await firstToSay(replicas, /^report of .* begins/);
    first.kill('SIGKILL');
    const names = ['a', 'b', 'c'].filter((name) => name !== first.lines[0]?.name);
    const observer = candidate(cluster().hosts, ELECTION);
    const next = async (): Promise<boolean> => names.includes((await observer.leader())?.value ?? '');
    await until(next, { within: 40_000, what: 'the next replica to lead' });
    await pause(1_000);
    expect(begun(others)).to.deep.equal([]);
  });
});
