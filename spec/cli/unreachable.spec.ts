import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { MAIN, Program } from '../support/cli/program.js';
import { freePorts } from '../support/cluster/ports.js';
import { tracked } from '../support/track.js';

const QUERIES = [['list'], ['candidates', 'x'], ['step-down', 'x', '--yes']] as const;
const WAITING = [
  ['observe', 'x'],
  ['run', 'x', '--', 'true'],
] as const;

describe('an etcd that cannot be reached', () => {
  /** ms after the start; more where the start alone takes seconds, because other work keeps the machine busy. */
  let within: number;

  before(() => {
    within = 5_000 + Math.max(0, startUp() - 500);
  });

  const places: Readonly<Record<string, () => Promise<string>>> = {
    'refuses connections': async () => `127.0.0.1:${(await freePorts(1))[0]}`,
    'never answers': async () => `127.0.0.1:${await blackHole()}`,
  };

  for (const [what, place] of Object.entries(places)) {
    for (const args of QUERIES) {
      it(`is one line and exit code 1 for \`${args[0]}\` when it ${what}`, async () => {
        const program = Program.start(args, { hosts: [await place()] });
        expect(await program.exited(within)).to.deep.equal({ code: 1 });
        expect(program.stderr.all).to.have.lengthOf(1);
        expect(program.stderr.text).to.match(/^etcd-leader: etcd does not answer at 127\.0\.0\.1:\d+ \([^)]+\)$/);
        expect(program.stdout.text).to.equal('');
      });
    }

    for (const args of WAITING) {
      it(`is one line for \`${args[0]}\`, which keeps trying, when it ${what}`, async () => {
        const program = Program.start(args, { hosts: [await place()] });
        await program.stderr.line(
          /^etcd-leader: etcd does not answer at 127\.0\.0\.1:\d+ \([^)]+\): still trying$/,
          within,
        );
        program.kill('SIGTERM');
        expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGTERM' });
        expect(program.stderr.all).to.have.lengthOf(1);
      });
    }
  }

  it('is a JSON object with --json', async () => {
    const program = Program.start(['list', '--json'], { hosts: [`127.0.0.1:${(await freePorts(1))[0]}`] });
    await program.exited();
    expect(JSON.parse(program.stderr.text)).to.include({ level: 'error' }).and.to.have.property('message');
  });
});

/** ms that the program takes to say its version: it has loaded everything then. */
function startUp(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, [MAIN, '--version']);
  return performance.now() - startedAt;
}

/** Takes connections and says nothing. */
async function blackHole(): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const server = await new Promise<Server>((resolve) => {
    const listening = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).resume();
    });
    listening.listen(0, '127.0.0.1', () => resolve(listening));
  });
  tracked({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as { port: number }).port;
}
