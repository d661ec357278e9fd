import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { candidate } from '../support/candidates.js';
import { Program } from '../support/cli/program.js';
import { queueIs } from '../support/other-clients.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

/** Writes down when it begins and when it has ended, which takes it 0.8 s. */
const WORK =
  'trap \'sleep 0.8; echo "$NAME has ended" >> "$JOURNAL"; exit 0\' TERM; ' +
  'echo "$NAME begins" >> "$JOURNAL"; while :; do sleep 0.05; done';

describe('step-down while commands run under etcd-leader', () => {
  const cluster = sharedCluster();

  it('starts the next command after the last one has ended, each time', async () => {
    const name = uniqueName('cli/step-down');
    const folder = mkdtempSync(join(tmpdir(), 'step-down-'));
    tracked({ close: () => rmSync(folder, { recursive: true }) });
    const JOURNAL = join(folder, 'journal');
    const reader = candidate(cluster().hosts, name);
    const names = ['a', 'b', 'c'];
    for (const [at, NAME] of names.entries()) {
      const args = ['run', '--value', NAME, '--ttl', '60', name, '--', 'sh', '-c', WORK];
      Program.start(args, { hosts: cluster().hosts, env: { JOURNAL, NAME } });
      await queueIs(reader, names.slice(0, at + 1));
    }
    const journal = (): string[] => readFileSync(JOURNAL, 'utf8').trim().split('\n');
    const expected = ['a begins'];
    await until(() => journal().length === 1, { what: 'the first command to begin' });

    for (const [from, to] of [
      ['a', 'c'],
      ['c', 'b'],
      ['b', 'a'],
    ] as const) {
      const program = Program.start(['step-down', name, '--to', to, '--yes'], { hosts: cluster().hosts });
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      expect(program.stdout.text).to.match(new RegExp(`^${from} .* has stepped down; ${to} .* leads now, after `));
      expected.push(`${from} has ended`, `${to} begins`);
      await until(() => journal().length === expected.length, { what: `the command of ${to} to begin` });
    }
    expect(journal()).to.deep.equal(expected);
  });
});
