import { expect } from 'chai';
import { runs } from '../../lib/cli/child/process-group.js';
import { createClient, Election } from '../../lib/index.js';
import { leading } from '../support/candidates.js';
import { CliProgram, pidOf, SCRIPTS } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, pause, until } from '../support/wait.js';

describe('etcd-leader run', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/run');
  });

  const run = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', ...args], { hosts: cluster().hosts });

  const election = (): Election => {
    const client = tracked(createClient({ hosts: [...cluster().hosts] }));
    return tracked(new Election(client, name, { value: 'other', ttl: 60 }));
  };

  it('runs the command on one host, and on the next one as soon as that has ended', async () => {
    const first = run('--ttl', '60', name, '--value', 'first', '--', ...SCRIPTS.work);
    await pidOf(first);
    const second = run(name, '--value', 'second', '--', ...SCRIPTS.work);
    await second.stderr.line(/first leads \(token \d+\): waiting/);
    expect(second.stdout.all).to.deep.equal([]);

    const stoppedAt = performance.now();
    first.kill('SIGTERM');
    await pidOf(second);

    expect(performance.now() - stoppedAt).to.be.lessThan(2_000 + BUSY);
  });

  it('tells the command its token, its key and the election', async () => {
    const program = run(
      '--once',
      name,
      '--',
      'sh',
      '-c',
      'env | grep ^ETCD_LEADER_ | grep -v ^ETCD_LEADER_LOG= | sort',
    );
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    const [election, key, mark, token, ...more] = program.stdout.all;
    expect([election, more]).to.deep.equal([`ETCD_LEADER_ELECTION=${name}`, []]);
    expect(key).to.match(new RegExp(`^ETCD_LEADER_KEY=${name}/[0-9a-f]+$`));
    expect(mark).to.match(/^ETCD_LEADER_RUN=[0-9a-f]+$/);
    expect(token).to.match(/^ETCD_LEADER_TOKEN=[1-9][0-9]*$/);
  });

  it('refuses a --ttl of more than an hour, unless it is allowed', async () => {
    const refused = run('--once', '--ttl', '10000', name, '--', 'true');
    expect(await refused.exited()).to.deep.equal({ code: 125 });
    expect(refused.stderr.text).to.include(
      '--ttl must be 3600 seconds or less; got 10000. It is seconds, not milliseconds',
    );
    const allowed = run('--once', '--ttl', '10000', '--allow-long-ttl', name, '--', 'true');
    expect(await allowed.exited(), allowed.stderr.text).to.deep.equal({ code: 0 });
  });

  it('leaves no key behind when the command has ended', async () => {
    const other = election();
    await run('--once', name, '--', 'true').exited();
    expect(await other.candidates()).to.deep.equal([]);
  });

  const ends: readonly (readonly [string, readonly string[], object])[] = [
    ['0 when the command does', ['true'], { code: 0 }],
    ["the command's code", ['sh', '-c', 'exit 42'], { code: 42 }],
    ['128 and the number of the signal that killed the command', ['sh', '-c', 'kill -KILL $$'], { code: 137 }],
    ['SIGTERM, as the command did', ['sh', '-c', 'kill -TERM $$'], { signal: 'SIGTERM' }],
    ['126 when the command cannot be run', ['/etc/passwd'], { code: 126 }],
    ['127 when there is no such command', ['no-such-command-here'], { code: 127 }],
  ];
  for (const [what, argv, exit] of ends) {
    it(`ends with --once by ${what}`, async () => {
      expect(await run('--once', name, '--', ...argv).exited()).to.deep.equal(exit);
    });
  }

  it('says at once, and not only when it is elected, that there is no such command', async () => {
    await election().start().elected();
    const program = run(name, '--', 'no-such-command-here');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 127 });
    expect(program.stderr.all).to.deep.equal([
      'etcd-leader: cannot run no-such-command-here: no such file or directory',
    ]);
  });

  it('queues again when the command has ended, later and later while it fails fast', async () => {
    const program = run(name, '--', 'sh', '-c', 'echo "failed with $ETCD_LEADER_TOKEN"; exit 1');
    const pauses = async (count: number): Promise<number[]> => {
      const seen = (): number[] =>
        program.stderr.all.flatMap((line) => /queueing again in ([\d.]+) s/.exec(line)?.[1] ?? []).map(Number);
      return await until(() => (seen().length >= count ? seen() : undefined), { what: 'a pause' });
    };
    const [first = 0, second = 0] = await pauses(2);
    expect(first).to.be.within(1, 2);
    expect(second).to.be.within(2, 4);
    await until(() => program.stdout.all.length >= 2, { what: 'what the command has written' });
    const ran = program.stdout.all.length; // the third time on a busy machine, when the second pause is over
    expect(ran).to.be.at.most(program.stderr.count(/queueing again/) + 1);
  });

  it('counts how fast the command fails from its start, and not from when this host began to queue', async () => {
    const other = election();
    await other.start().elected();
    const program = run(name, '--', 'false');
    await until(async () => (await other.candidates()).length === 2, { what: 'the program to queue' });
    await pause(10_500);
    await other.stop();
    const line = await program.stderr.line(/queueing again in/);
    expect(Number(/ in ([\d.]+) s/.exec(line)?.[1])).to.be.within(1, 2);
    await program.stderr.line(/queueing again in [2-4]/);
  });

  it('stays out of the queue between two runs, so that another host can try', async () => {
    const other = election();
    const program = run(name, '--', 'false');
    await program.stderr.line(/queueing again/);
    await leading(other);
  });

  it('ends what the command leaves behind before the next candidate leads', async () => {
    const script = '(trap "" TERM; echo "works as $(sh -c \'echo $PPID\')"; while :; do sleep 0.05; done) & sleep 0.3';
    const program = run('--once', '--ttl', '12', name, '--', 'sh', '-c', script);
    const left = await pidOf(program);
    const other = election();
    let wasThere: boolean | undefined;
    other.on('elected', () => {
      wasThere = runs(left);
    });
    await other.start().elected();

    expect(wasThere).to.equal(false);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stderr.text).to.include('left processes behind');
  });

  it('exits with 125 when its own flags are wrong', async () => {
    for (const args of [['--ttl', '1', name, '--', 'true'], ['--kill-after', '3', name, '--', 'true'], [name]]) {
      expect(await run(...args).exited(), args.join(' ')).to.deep.equal({ code: 125 });
    }
  });
});
