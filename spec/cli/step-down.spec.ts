import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { keyAnnouncing } from '../support/by-hand.js';
import { candidate } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Writes down when it begins and when it has ended, which takes it 0.8 s. */
const WORK =
  'trap \'sleep 0.8; echo "$NAME has ended" >> "$JOURNAL"; exit 0\' TERM; ' +
  'echo "$NAME begins" >> "$JOURNAL"; while :; do sleep 0.05; done';

describe('step-down while commands run under etcd-leader', () => {
  const cluster = sharedCluster();

  /** Three hosts under `run`, in this queue, and what their commands write down. */
  const hosts = async (name: string, flags: Readonly<Record<string, readonly string[]>>): Promise<() => string[]> => {
    const folder = mkdtempSync(join(tmpdir(), 'step-down-'));
    tracked({ close: () => rmSync(folder, { recursive: true }) });
    const JOURNAL = join(folder, 'journal');
    const reader = candidate(cluster().hosts, name);
    for (const NAME of Object.keys(flags)) {
      const args = ['run', '--value', NAME, '--ttl', '60', ...(flags[NAME] ?? []), name, '--', 'sh', '-c', WORK];
      CliProgram.start(args, { hosts: cluster().hosts, env: { JOURNAL, NAME } });
      await keyAnnouncing(reader, NAME);
    }
    const journal = (): string[] => readFileSync(JOURNAL, 'utf8').trim().split('\n');
    await until(() => journal().length >= 1, { what: 'the first command to begin' });
    return journal;
  };

  it('starts the next command after the last one has ended, 20 times of 20', async () => {
    const name = uniqueName('cli/step-down');
    const journal = await hosts(name, { a: [], b: [], c: [] });
    const operator = candidate(cluster().hosts, name);
    const expected = ['a begins'];
    let from = 'a';
    for (let times = 0; times < 20; times++) {
      // With a target that waits right behind the leader, with one behind another host, and without.
      const to = { a: 'c', b: 'a', c: 'b' }[from] ?? '';
      // Those that have made way queue again in a moment.
      await until(async () => (await operator.candidates()).length === 3, { what: 'three hosts to queue' });
      if (times % 5 === 0) {
        const program = CliProgram.start(['step-down', name, '--to', to, '--yes'], { hosts: cluster().hosts });
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
        expect(program.stdout.text).to.match(new RegExp(`^${from} .* has stepped down; ${to} .* leads now, after `));
        expected.push(`${from} has ended`, `${to} begins`);
        from = to;
      } else {
        const next = (await operator.ask(times % 5 === 1 ? {} : { to }))?.value ?? 'nobody';
        expected.push(`${from} has ended`, `${next} begins`);
        from = next;
      }
      await until(() => journal().length >= expected.length, { what: `the command of ${from} to begin` });
    }
    expect(journal()).to.deep.equal(expected);
  });

  it('hands over to the host of the highest --priority, and leaves others alone', async () => {
    const name = uniqueName('cli/priority');
    const journal = await hosts(name, { a: [], b: [], c: ['--priority', '5'] });
    const program = CliProgram.start(['step-down', name, '--yes'], { hosts: cluster().hosts });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    await until(() => journal().length === 3, { what: 'the next command to begin' });
    expect(journal()).to.deep.equal(['a begins', 'a has ended', 'c begins']);
  });

  it('lets a host with --preempt make way for a better one, when its command has ended', async () => {
    const journal = await hosts(uniqueName('cli/preempt'), { a: ['--preempt', '1'], b: [], c: ['--priority', '1'] });
    await until(() => journal().length === 3, { what: 'the next command to begin' });
    expect(journal()).to.deep.equal(['a begins', 'a has ended', 'c begins']);
  });
});
