import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { CliProgram } from '../support/cli/program.js';
import { NOBODY_LISTENS } from '../support/cluster/ports.js';
import { tracked } from '../support/track.js';
import { BUSY } from '../support/wait.js';

const QUERIES = [['list'], ['candidates', 'x'], ['step-down', 'x', '--yes']] as const;
const WAITING = [
  ['observe', 'x'],
  ['run', 'x', '--', 'true'],
] as const;

describe('an etcd that cannot be reached', () => {
  const within = 5_000 + BUSY;

  const places: Readonly<Record<string, () => Promise<string>>> = {
    'refuses connections': async () => NOBODY_LISTENS,
    'never answers': async () => `127.0.0.1:${await blackHole()}`,
  };

  for (const [what, place] of Object.entries(places)) {
    for (const args of QUERIES) {
      it(`is one line and exit code 1 for \`${args[0]}\` when it ${what}`, async () => {
        const program = CliProgram.start(args, { hosts: [await place()] });
        expect(await program.exited(within)).to.deep.equal({ code: 1 });
        expect(program.stderr.all).to.have.lengthOf(1);
        expect(program.stderr.text).to.match(/^etcd-leader: etcd does not answer at 127\.0\.0\.1:\d+ \([^)]+\)$/);
        expect(program.stdout.text).to.equal('');
      });
    }

    for (const args of WAITING) {
      it(`is one line for \`${args[0]}\`, which keeps trying, when it ${what}`, async () => {
        const program = CliProgram.start(args, { hosts: [await place()] });
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
    const program = CliProgram.start(['list', '--json'], { hosts: [NOBODY_LISTENS] });
    await program.exited();
    expect(JSON.parse(program.stderr.text)).to.include({ level: 'error' }).and.to.have.property('message');
  });
});

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
