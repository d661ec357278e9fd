import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient, Pool } from '../../lib/index.js';
import { candidate, queued } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up. */
const TTL = 60;

describe('a pool among elections, on the command line', () => {
  const cluster = sharedCluster();
  let prefix: string;
  let name: string;
  let client: Etcd3;
  let pool: Pool;

  const ask = async (...args: readonly string[]): Promise<CliProgram> => {
    const program = CliProgram.start(args, { hosts: cluster().hosts });
    await program.exited();
    return program;
  };

  beforeEach(async () => {
    prefix = uniqueName('cli/parts');
    name = `${prefix}/orders`;
    client = tracked(createClient({ hosts: [...cluster().hosts] }));
    tracked({ close: () => client.delete().prefix(`${prefix}/`).exec() });
    const own = tracked(createClient({ hosts: [...cluster().hosts] }));
    pool = tracked(new Pool(own, name, { partitions: 2, member: 'w', ttl: TTL, settle: 50 })).start();
    await until(() => pool.owned.size === 2 && pool.isCoordinator(), { what: 'the worker to own both' });
  });

  it('is shown by list as a pool, with its coordinator and the number of its workers', async () => {
    await queued(candidate(cluster().hosts, `${prefix}/mail`, { value: 'a' }));
    const text = await ask('list', `${prefix}/`);
    const rows = text.stdout.all.map((line) => line.split(/ {2,}/));
    expect(rows[1]?.slice(0, 2)).to.deep.equal([`${prefix}/mail`, 'a']);
    expect(rows.slice(2)).to.deep.equal([[''], ['POOL', 'COORDINATOR', 'WORKERS'], [name, 'w', '1']]);

    const json = JSON.parse((await ask('list', `${prefix}/`, '--json')).stdout.text);
    const { leaseId } = (await pool.members())[0] ?? {};
    expect(json.map((each: { election?: string }) => each.election)).to.deep.equal([`${prefix}/mail`, undefined]);
    expect(json[1]).to.deep.equal({ pool: name, coordinator: { id: 'w', leaseId }, workers: 1 });
  });

  it('is shown by list without a row that says that there are no elections', async () => {
    expect((await ask('list', `${prefix}/`)).stdout.all[0]).to.match(/^POOL /);
  });

  it('is named by candidates and observe of one of its partitions', async () => {
    const partition = `${name}/owners/1`;
    const says = `etcd-leader: ${partition} is a part of the pool ${name}: see \`etcd-leader pool ${name}\``;
    const candidates = await ask('candidates', partition);
    expect(candidates.stdout.all[1]).to.match(/^1 +w /);
    expect(candidates.stderr.all).to.deep.equal([says]);
    const observe = tracked(CliProgram.start(['observe', partition], { hosts: cluster().hosts }));
    await until(() => observe.stderr.all.includes(says), { what: 'observe to name the pool' });
    expect(observe.stdout.all[0]).to.match(/ w leads /);
  });

  for (const part of ['members', 'plan']) {
    it(`is not robbed of a key by step-down --force of ${part}, in which nobody is elected`, async () => {
      const program = await ask('step-down', `${name}/${part}`, '--yes', '--force');
      expect([await program.exited(), program.stdout.text]).to.deep.equal([{ code: 2 }, '']);
      expect(program.stderr.text).to.include(`${name}/${part} is a part of the pool ${name}, and no election: see `);
      expect(await client.getAll().prefix(`${name}/${part}/`).count()).to.equal(1);
    });
  }

  it('does not hide elections that are called like parts of a pool', async () => {
    await queued(candidate(cluster().hosts, `${prefix}/club/members`, { value: 'a' }));
    const { stdout } = await ask('list', `${prefix}/club`);
    expect(stdout.all[1]).to.match(new RegExp(`^${prefix}/club/members +a `));
    expect((await ask('candidates', `${prefix}/club/members`)).stderr.text).to.equal('');
  });
});
