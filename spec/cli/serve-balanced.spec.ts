import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CliProgram } from '../support/cli/program.js';
import { freePorts } from '../support/cluster/ports.js';
import { figure } from '../support/figures.js';
import { type BalancerOptions, startHaproxy, startNginx } from '../support/serve/balancers.js';
import { sendRequest } from '../support/serve/http.js';
import { serving } from '../support/serve/serving.js';
import { SECRET } from '../support/serve/site.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

const HOSTS = ['web-1', 'web-2'] as const;
/** Seconds: a busy machine does not use them up. */
const TTL = 20;
/** Milliseconds between two checks of HAProxy, as the page has it. */
const CHECK_EVERY = 1_000;

/** A small HTTP server, which says who it is and by which token it leads. */
const APP = `
  const answer = process.argv[2] + ' ' + process.env.ETCD_LEADER_TOKEN;
  const server = require('node:http').createServer((request, response) => response.end(answer));
  server.listen(Number(process.argv[1]), '127.0.0.1', () => console.log('app listens'));
`;

const BALANCERS = [
  { name: 'HAProxy', start: startHaproxy, onEachHost: true },
  { name: 'nginx', start: startNginx, onEachHost: false },
] as const;

for (const { name: balancer, start, onEachHost } of BALANCERS) {
  describe(`${balancer} before two hosts, as docs/serve.md has it`, () => {
    const cluster = sharedCluster();
    let election: string;

    beforeEach(() => {
      election = uniqueName('cli/balanced');
    });

    /** Starts serve where the page has it, and the balancer; resolves with the balancer's address. */
    const balance = async (apps: BalancerOptions['places']['apps']): Promise<string> => {
      const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-token-'));
      tracked({ close: () => rmSync(folder, { recursive: true }) });
      const file = join(folder, 'token');
      writeFileSync(file, `${SECRET}\n`);
      const args = onEachHost ? HOSTS.map((host) => ['--value', host, '--token-file', file]) : [[]];
      const all = await Promise.all(args.map((some) => serving(some, { hosts: cluster().hosts })));
      return await start({ places: { apps, serves: all.map(({ port }) => port) }, election, token: SECRET });
    };

    const run = (host: string, ...command: readonly string[]): CliProgram =>
      CliProgram.start(['run', '--ttl', String(TTL), '--value', host, election, '--', ...command], {
        hosts: cluster().hosts,
      });

    /** One write; undefined when nobody takes it. */
    const write = async (address: string): Promise<string | undefined> => {
      const { status, text } = await sendRequest(address, '/write', { method: 'POST', body: 'x' });
      return status === 200 ? text : undefined;
    };

    it('sends writes to the host of the leader, and follows when the leader is killed', async () => {
      const [one = 0, two = 0] = await freePorts(2);
      const ports = [one, two];
      const leader = run('web-1', process.execPath, '-e', APP, String(ports[0]), 'web-1');
      await leader.stdout.line(/app listens/);
      const next = run('web-2', process.execPath, '-e', APP, String(ports[1]), 'web-2');
      await next.stderr.line(/leads .*waiting/);
      const address = await balance([one, two]);
      const [, token] = (await until(() => write(address), { what: 'a write to be taken' })).split(' ');
      for (let n = 0; n < 20; n++) {
        // Nobody takes a write while the balancer takes an answer of `serve` that came late for a refusal.
        const text = await until(() => write(address), { what: 'a write to be taken' });
        expect(text).to.equal(`web-1 ${token}`);
      }

      leader.kill('SIGKILL');
      const killedAt = performance.now();
      await next.stdout.line(/app listens/);
      const handedOver = performance.now() - killedAt;
      const taken = await until(
        async () => {
          const text = await write(address).catch(() => undefined);
          return text?.startsWith('web-2') ? text : undefined;
        },
        { what: 'the next host to be sent writes' },
      );
      const followed = performance.now() - killedAt;
      figure(`${balancer}: from SIGKILL to the next host's work`, handedOver);
      figure(`${balancer}: from SIGKILL to the first write that the next host takes`, followed);
      expect(followed - handedOver).to.be.lessThan(CHECK_EVERY + BUSY);
      expect(Number(taken.split(' ')[1])).to.be.greaterThan(Number(token));
    });

    it('sends no write to a host that does not lead, although its program answers', async () => {
      const writes = { 'web-1': 0, 'web-2': 0 };
      const ports = await Promise.all(HOSTS.map((host) => app(() => writes[host]++)));
      const [one = 0, two = 0] = ports;
      const programs = [run('web-1', 'sleep', '1000')];
      await programs[0]?.stderr.line(/elected/);
      programs.push(run('web-2', 'sleep', '1000'));
      await programs[1]?.stderr.line(/leads .*waiting/);
      const address = await balance([one, two]);
      await until(() => write(address), { what: 'a write to be taken' });
      for (let n = 0; n < 20; n++) await write(address);
      expect(writes['web-2']).to.equal(0);

      programs[0]?.kill('SIGTERM');
      await programs[1]?.stderr.line(/elected/);
      // Until HAProxy has asked the first host again, it takes both for leaders, and asks them by turns.
      let inARow = 0;
      await until(
        async () => {
          const before = writes['web-2'];
          await write(address);
          inARow = writes['web-2'] > before ? inARow + 1 : 0;
          return inARow === 10;
        },
        { what: 'all writes to be sent to the next host' },
      );
      const before = writes['web-1'];
      for (let n = 0; n < 20; n++) await write(address);
      expect(writes['web-1']).to.equal(before);

      programs[1]?.kill('SIGTERM');
      await programs[1]?.exited();
      await until(async () => (await write(address)) === undefined, { what: 'writes to be refused' });
    });
  });
}

/** A program that answers whether or not its host leads; resolves with its port. */
async function app(written: () => void): Promise<number> {
  const server = createServer((request, response) => {
    written();
    request.resume();
    response.end('taken');
  });
  tracked({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
