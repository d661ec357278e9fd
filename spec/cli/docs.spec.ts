import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EXIT } from '../../lib/cli/exit.js';
import { CliProgram } from '../support/cli/program.js';

const COMMANDS = ['run', 'observe', 'candidates', 'history', 'list', 'top', 'step-down', 'pool', 'serve'];

describe('the documentation of the command line', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

  it('names every exit code, and no other', () => {
    const table = page.slice(page.indexOf('<!-- exit codes'), page.indexOf('## `run`'));
    const codes = [...table.matchAll(/^\| (\d+)/gm)].map(([, code]) => Number(code));
    expect(codes).to.have.members(Object.values(EXIT));
  });

  it('names every command, as the program does', async () => {
    const program = CliProgram.start(['--help']);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    for (const command of COMMANDS) {
      expect(program.stdout.text, 'help').to.match(new RegExp(`^  ${command}\\b`, 'm'));
      expect(page, 'page').to.include(`\`${command} `);
    }
  });

  for (const command of COMMANDS) {
    it(`has examples, exit codes and the flags of etcdctl in the help of ${command}`, async () => {
      const program = CliProgram.start([command, '--help']);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      for (const part of ['Examples:', `$ etcd-leader ${command}`, 'Exit codes:', 'ETCDCTL_ENDPOINTS', '--cacert']) {
        expect(program.stdout.text).to.include(part);
      }
      const flags = [...program.stdout.text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
      const known = ['--version', '--help', '--value', '--ttl', '--once'];
      for (const flag of flags) expect(known.includes(flag ?? '') || page.includes(`${flag}`), flag).to.equal(true);
    });
  }

  it('shows the help of a command of `pool`, with its own flags and those of every command', async () => {
    const [short, long] = [CliProgram.start(['help', 'pool', 'drain']), CliProgram.start(['pool', 'drain', '--help'])];
    for (const program of [short, long]) expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(short.stdout.text).to.equal(long.stdout.text);
    expect(short.stdout.text).to.match(/^Usage: etcd-leader pool drain \[options\] <name> <member>/);
    expect(short.stdout.text).to.include('--cacert').and.not.include('  --watch');
    const show = CliProgram.start(['help', 'pool', 'show']);
    expect(await show.exited()).to.deep.equal({ code: 0 });
    expect(show.stdout.text.match(/^ {2}--watch /gm), show.stdout.text).to.have.length(1);
  });

  it('refuses the help of what is no command, and a flag that a command of `pool` does not have', async () => {
    for (const [args, said] of [
      [['help', 'pool', 'drian'], "unknown command 'pool drian'"],
      [['pool', 'drain', 'orders', 'worker-9', '--watch'], "unknown option '--watch'"],
    ] as const) {
      const program = CliProgram.start(args);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: EXIT.usage });
      expect(program.stderr.text).to.include(said);
    }
  });
});
