import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CliProgram } from '../support/cli/program.js';
import { findEtcd } from '../support/cluster/etcd-server.js';
import { freePorts } from '../support/cluster/ports.js';
import { runCommand } from '../support/cluster/run.js';
import { ROOT } from '../support/docs/pages.js';
import { fencesIn } from '../support/docs/snippets.js';
import { writeInto } from '../support/package/project.js';
import { scratch } from '../support/package/tarball.js';
import { until } from '../support/wait.js';

/** ms; the demo lets its reader read. */
const LONG = 90_000;

const [block] = fencesIn('README.md').filter(({ heading }) => heading === 'Try it');
/** Each line is a command, with a comment that says what it does. */
const commands = new Map(
  block?.code
    .trim()
    .split('\n')
    .map((line) => line.split(/ +# /) as [string, string]),
);

describe('what the README lets one try in a clone', () => {
  before(async () => {
    // The commands would compile what has changed, and take away the compiled files that run here.
    const { ok } = await runCommand(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--check']);
    expect(ok, 'the sources are as they were compiled').to.equal(true);
  });

  it('names three commands, the last of which runs this spec', () => {
    expect([...commands.keys()]).to.deep.equal(['npm run demo', 'npm run etcd', 'npm test']);
  });

  it('shows a demo with a takeover, a handover and who leads when; the demo ends by itself', async () => {
    const demo = CliProgram.terminal('npm run demo', { cwd: ROOT });
    expect(await demo.exited(LONG), demo.stdout.text).to.deep.equal({ code: 0 });
    for (const told of [/takeover: /, /handover: /, /everything is stopped/]) await demo.stdout.line(told);
    for (const lane of [/ada +.*█/, /ben +.*█/, /cleo +.*█/, /killed/, /nobody +.*▒/]) await demo.stdout.line(lane);
  });

  it('starts an etcd at 127.0.0.1:2379 that serves until Ctrl-C, and leaves nothing behind', async () => {
    const server = await findEtcd();
    if (server?.kind !== 'program') {
      // There is no program that could be started: the command says what to use instead.
      const { ok, output } = await runCommand('npm', ['run', 'etcd'], { cwd: ROOT });
      expect([ok, /use |docker compose up/.test(output)]).to.deep.equal([true, true]);
      return;
    }
    const [port = 0] = await freePorts(1);
    const { bin, dataFolder } = elsewhere(server.bin, port);
    const etcd = CliProgram.terminal('npm run etcd', { cwd: ROOT, env: { ETCD_BIN: bin, ETCD_VERSION: '' } });
    await etcd.stdout.line(/^etcd \d+\.\d+\.\d+ listens at http:\/\/127\.0\.0\.1:2379 until Ctrl-C/, LONG);
    const isHealthy = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
      return answer?.ok === true;
    };
    await until(isHealthy, { within: LONG, what: 'etcd to be healthy' });
    expect(existsSync(await dataFolder())).to.equal(true);

    etcd.type('\x03');
    await etcd.exited(LONG);
    await until(async () => !(await isHealthy()), { what: 'etcd to be gone' });
    expect(existsSync(await dataFolder())).to.equal(false);
  });
});

/** The same etcd, but at another port than 2379, where somebody may have one; and where its data are. */
function elsewhere(etcd: string, port: number): { readonly bin: string; dataFolder(): Promise<string> } {
  const folder = scratch('etcd');
  const script = `#!/bin/sh
for arg do
  shift
  set -- "$@" "$(echo "$arg" | sed 's/:2379$/:${port}/')"
  case "$arg" in --data-dir=*) echo "\${arg#*=}" >'${folder}/data-dir' ;; esac
done
exec '${etcd}' "$@"
`;
  writeInto(folder, 'etcd', script);
  chmodSync(join(folder, 'etcd'), 0o755);
  const dataFolder = async (): Promise<string> => (await runCommand('cat', [join(folder, 'data-dir')])).output;
  return { bin: join(folder, 'etcd'), dataFolder };
}
