import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { runs } from '../../lib/cli/child/process-group.js';
import { createClient, Election } from '../../lib/index.js';
import { CliProgram, pidOf, SCRIPTS } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up, and `--kill-after` leaves it two before the lease can run out. */
const TTL = 12;
const KILL_AFTER = ['--kill-after', '1'];

describe('etcd-leader run when leadership is lost', () => {
  const cluster = sharedCluster();
  let name: string;
  let client: Etcd3;

  beforeEach(() => {
    name = uniqueName('cli/lost');
    client = tracked(createClient({ hosts: [...cluster().hosts] }));
  });

  const run = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', '--ttl', String(TTL), name, ...args], { hosts: cluster().hosts });

  const leader = async () => {
    const found = await new Election(client, name).leader();
    if (found === undefined) throw new Error('nobody leads');
    return found;
  };

  const losses = {
    'its key is deleted': { code: 'KEY_DELETED', lose: async () => client.delete().key((await leader()).key) },
    'its lease is revoked': {
      code: 'LEASE_LOST|KEY_DELETED', // the latter when etcd takes more than 50 ms to say which
      lose: async () => client.leaseClient.leaseRevoke({ ID: BigInt(`0x${(await leader()).leaseId}`).toString() }),
    },
  } as const;

  for (const [what, { code, lose }] of Object.entries(losses)) {
    it(`ends the command with SIGTERM when ${what}, and runs it again at the next election`, async () => {
      const program = run('--', ...SCRIPTS.polite);
      const pid = await pidOf(program);
      await lose();
      await program.stderr.line(new RegExp(`leadership lost \\((${code})\\): SIGTERM`));
      await program.stdout.line(/bye/);
      await until(() => program.stdout.count(/works as/) === 2, { what: 'the command to run again' });
      expect(runs(pid)).to.equal(false);
    });
  }

  it('kills a command that ignores SIGTERM, with what it has started, a quarter of the TTL later', async () => {
    const program = run('--', ...SCRIPTS.stubborn);
    const pid = await pidOf(program);
    const lostAt = performance.now();
    await losses['its key is deleted'].lose();
    await program.stdout.line(/ignored/);
    await until(() => !runs(-pid), { what: 'the process group to be gone' });
    expect(performance.now() - lostAt).to.be.within(2_700, TTL * 1000);
  });

  it('kills the command at once with --kill-after 0', async () => {
    const program = run('--kill-after', '0', '--', ...SCRIPTS.polite);
    await pidOf(program);
    await losses['its key is deleted'].lose();
    await program.stderr.line(/ended by SIGKILL/);
    expect(program.stdout.text).not.to.include('got TERM');
  });

  for (const watched of ['with its watchdog', 'without'] as const) {
    it(`kills it at once when the machine wakes up after the end of the lease, ${watched}`, async () => {
      const program = fileURLToPath(new URL('../support/programs/sleeping-machine.js', import.meta.url));
      const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-sleep-'));
      tracked({ close: () => rmSync(folder, { recursive: true }) });
      const env = { NODE_OPTIONS: `--import ${pathToFileURL(program)}`, WOKEN_BY: join(folder, 'woken') };
      const flags = ['--ttl', '60', ...(watched === 'without' ? ['--no-watchdog'] : [])];
      const { hosts } = cluster();
      const sleeper = CliProgram.start(['run', ...flags, name, '--', ...SCRIPTS.work], { hosts, env });
      const pid = await pidOf(sleeper);
      writeFileSync(env.WOKEN_BY, '');
      const wokenAt = performance.now();
      await until(() => !runs(pid), { what: 'the command to be gone' });
      expect(performance.now() - wokenAt).to.be.below(2_000 + BUSY); // a quarter of the TTL is longer
      // The watchdog may wake up first.
      const told = watched === 'without' ? /leadership lost \(LEASE_EXPIRED\): SIGKILL/ : /ended by SIGKILL/;
      await sleeper.stderr.line(told);
    });
  }

  it('runs the command to its end with --once, in a later term if need be', async () => {
    const script = 'echo "works as $$"; sleep 1; exit 9';
    const program = CliProgram.start(['run', '--ttl', String(TTL), '--once', name, '--', 'sh', '-c', script], {
      hosts: cluster().hosts,
    });
    await pidOf(program);
    await losses['its key is deleted'].lose();
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 9 });
    expect(program.stdout.count(/works as/)).to.equal(2);
  });

  describe('because the program itself is killed or stopped', () => {
    const handsOver = async (program: CliProgram, act: () => void): Promise<{ before: boolean; ms: number }> => {
      const pid = await pidOf(program);
      const other = tracked(new Election(client, name, { value: 'other', ttl: 60 }));
      let isThereStill = true;
      other.on('elected', () => {
        isThereStill = runs(-pid);
      });
      other.start();
      await until(async () => (await other.candidates()).length === 2, { what: 'the other to queue' });
      const at = performance.now();
      act();
      await other.elected();
      return { before: isThereStill, ms: performance.now() - at };
    };

    it('has the command ended by its watchdog before another can lead, when it is killed', async () => {
      const program = run(...KILL_AFTER, '--', ...SCRIPTS.stubborn);
      const { before } = await handsOver(program, () => program.kill('SIGKILL'));
      expect(before).to.equal(false);
    });

    it('has the command ended by its watchdog before another can lead, when it is stopped', async () => {
      const program = run(...KILL_AFTER, '--', ...SCRIPTS.stubborn);
      const { before } = await handsOver(program, () => program.kill('SIGSTOP'));
      expect(before).to.equal(false);
      program.kill('SIGCONT');
      await program.stderr.line(/leadership lost/);
    });

    it('lets the command end in order when it is killed', async () => {
      const program = run('--', ...SCRIPTS.polite);
      await handsOver(program, () => program.kill('SIGKILL'));
      expect(program.stdout.text).to.include('bye');
    });
  });
});
