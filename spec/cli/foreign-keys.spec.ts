import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { candidate, openClient, queued } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { etcd3s, etcdctls } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** What the command line says of a key that is no candidate's. */
const blockedBy = (key: string): RegExp =>
  new RegExp(`^etcd-leader: \`${key}\` is no candidate's key \\(.+\\) and blocks the election: `);

describe('a key that is no candidate’s, on the command line', () => {
  const cluster = sharedCluster();
  let name: string;
  let client: Etcd3;

  beforeEach(() => {
    name = uniqueName('foreign');
    client = openClient(cluster().hosts);
  });

  const ask = (...args: readonly string[]): CliProgram => CliProgram.start(args, { hosts: cluster().hosts });

  /** A key of an application under the election's name; deleted at the end of the spec. */
  const write = async (lease?: string): Promise<string> => {
    const key = `${name}/config`;
    const put = client.put(key).value('x');
    await (lease === undefined ? put : put.lease(lease)).exec();
    tracked({ close: () => client.delete().key(key).exec() });
    return key;
  };

  const leaseOf = async (seconds: number): Promise<string> => {
    const { ID } = await client.leaseClient.leaseGrant({ ID: '0', TTL: seconds });
    tracked({ close: () => client.leaseClient.leaseRevoke({ ID }) });
    return ID;
  };

  const kinds = {
    'a key without a lease': async () => await write(),
    'a key on a lease that it does not name': async () => await write(await leaseOf(60)),
  };

  for (const [what, put] of Object.entries(kinds)) {
    describe(what, () => {
      let key: string;

      beforeEach(async () => {
        key = await put();
        await queued(candidate(cluster().hosts, name, { value: 'a' }));
      });

      it('is not deleted by step-down, which says that nobody leads and why, and exits with 3', async () => {
        const program = ask('step-down', name, '--yes');
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 3 });
        expect(program.stderr.text).to.include(`nobody leads ${name}: \`${key}\` is no candidate's key`);
        expect(await client.get(key).string()).to.equal('x');
      });

      it('is what list says the election is blocked by', async () => {
        const [text, json] = [ask('list', name), ask('list', name, '--json')];
        await Promise.all([text.exited(), json.exited()]);
        expect(text.stdout.all[1]).to.match(new RegExp(`^${name} +nobody: blocked by ${key} +1$`));
        expect(text.stderr.text).to.match(blockedBy(key));
        const [election] = JSON.parse(json.stdout.text);
        expect([election.leader, election.candidates, election.blockedBy.key]).to.deep.equal([null, 1, key]);
      });

      it('is marked by candidates', async () => {
        const [text, json] = [ask('candidates', name), ask('candidates', name, '--json')];
        await Promise.all([text.exited(), json.exited()]);
        expect(text.stdout.all[1]).to.match(/^1 +x .*: no candidate, blocks the queue$/);
        expect(text.stdout.all[2]).to.match(/^2 +a .* s$/);
        expect(text.stderr.text).to.match(blockedBy(key));
        expect(JSON.parse(json.stdout.text).map((entry: { blocks: boolean }) => entry.blocks)).to.deep.equal([
          true,
          false,
        ]);
      });

      it('is told once by observe, which says that nobody leads until the key is gone', async () => {
        const program = ask('observe', name);
        await program.stdout.line(/nobody leads$/);
        await program.stderr.line(blockedBy(key));
        await client.put(key).value('y').exec(); // a key on a lease has none any more
        await client.delete().key(key);
        await program.stdout.line(/ a leads/);
        expect(program.stdout.count(/nobody leads/)).to.equal(1);
        expect(program.stderr.all).to.have.lengthOf(1);
      });

      it('is told once by run, which runs its command when the key is gone', async () => {
        const program = ask('run', '--once', name, '--', 'echo', 'works');
        await program.stderr.line(blockedBy(key));
        const first = candidate(cluster().hosts, name);
        await until(async () => (await first.candidates()).length === 3, { what: 'run to queue' });
        const [, other] = await first.candidates();
        await client.delete().key(key);
        await client.delete().key(other?.key ?? '');
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
        expect(program.stdout.text).to.equal('works');
        expect(program.stderr.count(blockedBy(key))).to.equal(1);
      });
    });
  }

  describe('a key behind the leader', () => {
    for (const how of [[], ['--to', 'b'], ['--force']]) {
      it(`is told by step-down ${how.join(' ')}, because nobody leads then`, async () => {
        await candidate(cluster().hosts, name, { value: 'a' }).start().elected();
        const key = await write();
        await queued(candidate(cluster().hosts, name, { value: 'b' }));
        const program = ask('step-down', name, '--yes', ...how);
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
        expect(program.stdout.text).to.include('nobody leads at the moment');
        expect(program.stderr.all.at(-1)).to.match(blockedBy(key));
        expect(await client.get(key).string()).to.equal('x');
      });
    }
  });

  describe('a leader of another client', () => {
    const others = {
      etcdctl: async (election: string) => ({ election, is: await etcdctls(cluster().hosts, election, 'other') }),
      etcd3: async (election: string) => ({ election: `election/${election}`, is: etcd3s(client, election, 'other') }),
    };

    for (const [which, join] of Object.entries(others)) {
      it(`is shown by list as by candidates, is not asked, and is deposed by step-down --force: ${which}`, async () => {
        const { election, is } = await join(name);
        await until(() => is.isLeader(), { what: `${which} to lead` });
        await queued(candidate(cluster().hosts, election, { value: 'a' }));

        const [list, candidates] = [ask('list', election, '--json'), ask('candidates', election, '--json')];
        await Promise.all([list.exited(), candidates.exited()]);
        const [found] = JSON.parse(list.stdout.text);
        const [first] = JSON.parse(candidates.stdout.text);
        expect([found.election, found.leader.value, found.leader.key, found.candidates]).to.deep.equal([
          election,
          'other',
          first.key,
          2,
        ]);

        expect([first.isOurs, JSON.parse(candidates.stdout.text)[1].isOurs]).to.deep.equal([false, true]);
        const table = ask('candidates', election);
        await table.exited();
        expect(table.stdout.all[1]).to.match(/^1 +other .* s: of another client$/);

        const polite = ask('step-down', election, '--yes');
        expect(await polite.exited(), polite.stderr.text).to.deep.equal({ code: 4 });
        expect(polite.stderr.text).to.match(/^etcd-leader: other \(token \d+\) is a candidate of another client/);
        expect((await client.getAll().prefix(`${election}!`).keys()).length).to.equal(0);
        expect(await client.get(first.key).string()).to.equal('other');

        const needless = ask('step-down', election, '--yes', '--to', 'other');
        expect(await needless.exited(), needless.stderr.text).to.deep.equal({ code: 0 });
        expect(needless.stdout.text).to.match(/^other \(token \d+\) leads already$/);

        const program = ask('step-down', election, '--yes', '--force');
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
        expect(program.stdout.text).to.match(/^other \(token \d+\) has to step down; a \(token \d+\) leads now$/);
      });
    }
  });

  it('does not take a control key for an election or a candidate', async () => {
    await candidate(cluster().hosts, name, { value: 'a', priority: 3 }).start().elected();
    const control = `${name}!period`;
    await client.put(control).value('x').exec();
    tracked({ close: () => client.delete().key(control).exec() });
    const folder = name.slice(0, name.lastIndexOf('/') + 1);
    const program = ask('list', folder, '--json');
    await program.exited();
    const names = JSON.parse(program.stdout.text).map(({ election }: { election: string }) => election);
    expect(names.filter((election: string) => election.startsWith(name))).to.deep.equal([name]);
  });
});
