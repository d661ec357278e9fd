import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient, Pool } from '../../lib/index.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up. */
const TTL = 60;

describe('etcd-leader pool', () => {
  const cluster = sharedCluster();
  let name: string;
  let client: Etcd3;

  beforeEach(() => {
    name = uniqueName('cli/pool');
    client = tracked(createClient({ hosts: [...cluster().hosts] }));
    tracked({ close: () => client.delete().prefix(`${name}/`).exec() });
  });

  const ask = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['pool', ...args], { hosts: cluster().hosts });

  const worker = (member: string, partitions: number | readonly string[] = 4): Pool => {
    const own = tracked(createClient({ hosts: [...cluster().hosts] }));
    return tracked(new Pool(own, name, { partitions, member, ttl: TTL, settle: 50 })).start();
  };

  const owning = async (pool: Pool, count: number): Promise<void> => {
    await until(() => pool.owned.size === count, { what: `${pool.member} to own ${count}` });
  };

  const control = async (): Promise<unknown> =>
    JSON.parse((await client.get(`${name}/control/balance`).string()) ?? '');

  it('prints the workers, what they own, and who coordinates', async () => {
    await owning(worker('a'), 4);
    const b = worker('b');
    await owning(b, 2);
    await until(async () => (await b.owners()).size === 4, { what: 'all to be owned' });

    const program = ask(name);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    const [head, ...rows] = program.stdout.all.map((line) => line.split(/ {2,}/));
    expect(head).to.deep.equal(['MEMBER', 'OWNED', 'PLANNED', 'WEIGHT', 'LEASE']);
    const shown = rows.map((row) => [row[0], row[1], row[2], row[3], row[5]]);
    expect(shown.slice(0, 2)).to.deep.equal([
      ['a', '2', '2', '1', 'coordinator'],
      ['b', '2', '2', '1', undefined],
    ]);
    expect(rows[2]).to.deep.equal(['4 partitions, 0 owned by nobody']);
  });

  it('prints one object with --json', async () => {
    const a = worker('a');
    await owning(a, 4);
    const program = ask(name, '--json');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    const { leaseId } = (await a.members())[0] ?? {};
    const flags = { isCoordinator: true, isLeaving: false, isDrained: false };
    expect(JSON.parse(program.stdout.text)).to.deep.equal({
      pool: name,
      members: [{ id: 'a', leaseId, weight: 1, owned: 4, planned: 4, ...flags }],
      partitions: 4,
      unowned: 0,
      paused: false,
      drained: [],
    });
  });

  for (const word of ['drain', 'undrain', 'pause', 'resume', 'show']) {
    it(`shows a pool that is called ${word}, as every other, by \`show\``, async () => {
      tracked({ close: () => client.delete().prefix(`${word}/`).exec() });
      name = word;
      await owning(worker('a'), 4);
      const program = ask('show', word, '--json', '--partitions');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      const partitions = JSON.parse(program.stdout.all.join('')) as { readonly owner: string }[];
      expect(partitions).to.have.length(4);
      const table = ask('show', word);
      expect(await table.exited(), table.stderr.text).to.deep.equal({ code: 0 });
      expect(table.stdout.all.at(-1)).to.equal('4 partitions, 0 owned by nobody');
    });
  }

  it('prints who owns each partition with --partitions, whatever the partitions are called', async () => {
    const a = worker('a', ['mail', 'größe', 'a/b']);
    await owning(a, 3);
    const program = ask(name, '--partitions');
    const json = ask(name, '--partitions', '--json');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    await json.exited();
    const [head, ...rows] = program.stdout.all.map((line) => line.split(/ {2,}/));
    expect(head).to.deep.equal(['PARTITION', 'OWNER', 'TOKEN', 'LEASE']);
    const tokenOf = (partition: string): string => String(a.owned.get(partition)?.fencingToken);
    expect(rows.map((row) => row.slice(0, 3))).to.deep.equal([
      ['a/b', 'a', tokenOf('a/b')],
      ['größe', 'a', tokenOf('größe')],
      ['mail', 'a', tokenOf('mail')],
    ]);
    const { key, leaseId } = a.owned.get('mail') ?? {};
    expect(JSON.parse(json.stdout.text).at(-1)).to.deep.equal({
      partition: 'mail',
      owner: { value: 'a', key, token: tokenOf('mail'), leaseId },
    });
  });

  it('prints the partitions that nobody owns with --partitions', async () => {
    const idle = tracked(new Pool(client, name, { partitions: 2, weight: 0, ttl: TTL })).start();
    await until(async () => (await idle.members()).length === 1, { what: 'the worker to be a member' });
    const program = ask(name, '--partitions');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stdout.all.slice(1).map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['0', 'nobody'],
      ['1', 'nobody'],
    ]);
  });

  it('prints a line for each change of the pool with --watch', async () => {
    const program = ask(name, '--watch');
    await program.stdout.line(/0 partitions, 0 owned by nobody {2}no worker$/);
    const a = worker('a');
    await program.stdout.line(/4 partitions, 0 owned by nobody {2}a 4 \(coordinator\)$/);
    await a.stop();
    await until(() => /no worker$/.test(program.stdout.all.at(-1) ?? ''), { what: 'a line without a worker' });
    program.kill('SIGINT');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGINT' });
  });

  it('prints a line for each partition that changes its owner with --watch --partitions --json', async () => {
    const a = worker('a', ['x']);
    await owning(a, 1);
    const token = String(a.owned.get('x')?.fencingToken);
    const program = ask(name, '--watch', '--partitions', '--json');
    await program.stdout.line(/"partition":"x"/);
    const b = worker('b', ['x']);
    await until(async () => (await b.members()).length === 2, { what: 'b to be a member' });
    await a.stop();
    await program.stdout.line(/"value":"b"/);
    const changes = program.stdout.all.map((line) => JSON.parse(line));
    expect(changes.map(({ pool, partition, owner }) => [pool, partition, owner?.value])).to.deep.include.members([
      [name, 'x', 'a'],
      [name, 'x', 'b'],
    ]);
    expect(changes[0].owner.token).to.equal(token);
  });

  it('drains a worker until it is undrained, and says it in the way that all coordinators read', async () => {
    const [a, b] = [worker('a'), worker('b')];
    await Promise.all([owning(a, 2), owning(b, 2)]);
    const drain = ask('drain', name, 'b');
    expect(await drain.exited(), drain.stderr.text).to.deep.equal({ code: 0 });
    expect(drain.stdout.text).to.equal('b is drained: its partitions go to the others');
    await owning(a, 4);
    expect(await control()).to.deep.equal({ v: 1, paused: false, drained: ['b'] });

    const again = ask('drain', name, 'b', '--json');
    await again.exited();
    expect(JSON.parse(again.stdout.text)).to.deep.equal({ pool: name, paused: false, drained: ['b'], changed: false });
    const shown = ask(name);
    await shown.exited();
    expect(shown.stdout.text).to.match(/^b .* drained$/m);

    const undrain = ask('undrain', name, 'b');
    expect(await undrain.exited(), undrain.stderr.text).to.deep.equal({ code: 0 });
    await owning(b, 2);
    expect(await control()).to.deep.equal({ v: 1, paused: false, drained: [] });
  });

  it('moves nothing for balance between pause and resume', async () => {
    const a = worker('a');
    await owning(a, 4);
    const pause = ask('pause', name);
    expect(await pause.exited(), pause.stderr.text).to.deep.equal({ code: 0 });
    const b = worker('b');
    await until(async () => (await b.members()).length === 2, { what: 'b to be a member' });
    const shown = ask(name);
    await shown.exited();
    expect(shown.stdout.text).to.match(/; paused: partitions are not moved for balance$/);
    expect(a.owned.size).to.equal(4);

    const resume = ask('resume', name);
    expect(await resume.exited(), resume.stderr.text).to.deep.equal({ code: 0 });
    await Promise.all([owning(a, 2), owning(b, 2)]);
  });

  it('lets no operator take back what another says, and keeps fields that it does not know', async () => {
    const members = ['a', 'b', 'c', 'd', 'e'];
    for (const member of members) worker(member);
    const onlooker = worker('f');
    await until(async () => (await onlooker.members()).length === 6, { what: 'six to be members' });
    await client.put(`${name}/control/balance`).value('{"v":1,"paused":false,"drained":[],"note":"x"}');
    const programs = [...members.map((member) => ask('drain', name, member)), ask('pause', name)];
    for (const program of programs) expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    const { drained, ...rest } = (await control()) as { drained: string[] };
    expect(drained).to.have.members(members);
    expect(rest).to.deep.equal({ v: 1, paused: true, note: 'x' });
  });

  it('writes over nothing that it does not understand', async () => {
    await owning(worker('a'), 4);
    await client.put(`${name}/control/balance`).value('{"v":2}');
    const program = ask('pause', name);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
    expect(program.stderr.text).to.include(`${name}/control/balance says what etcd-leader has not written`);
    expect(await client.get(`${name}/control/balance`).string()).to.equal('{"v":2}');
  });

  for (const args of [[], ['--partitions'], ['drain', 'a'], ['pause']]) {
    it(`exits with 3 and says that nobody is in the pool: pool ${args.join(' ')}`, async () => {
      const [command, ...rest] = args;
      const isCommand = command !== undefined && !command.startsWith('--');
      const program = isCommand ? ask(command, name, ...rest) : ask(name, ...args);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 3 });
      expect(program.stderr.text).to.equal(`etcd-leader: no worker is in the pool ${name}`);
      expect(program.stdout.text).to.equal('');
      expect(await client.get(`${name}/control/balance`).exists()).to.equal(false);
    });
  }

  it('exits with 3 when the worker to be drained is not there', async () => {
    await owning(worker('a'), 4);
    const program = ask('drain', name, 'b');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 3 });
    expect(program.stderr.text).to.equal(`etcd-leader: no worker b is in the pool ${name}`);
  });

  it('exits with 2 when an argument is missing', async () => {
    const programs = [ask(), ask('drain', name), ask('pause'), ask(name, '--watched')];
    for (const program of programs) expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 2 });
  });
});
