import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { candidate, leading } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { figure, stopwatch } from '../support/figures.js';
import { securedCluster } from '../support/security/secured-cluster.js';
import { EventFollower, RawConnection, sendRequest } from '../support/serve/http.js';
import { serving } from '../support/serve/serving.js';
import { SECRET } from '../support/serve/site.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

const authorization = `Bearer ${SECRET}`;

describe('the security of etcd-leader serve in a process of its own', () => {
  const cluster = sharedCluster();
  const hosts = (): readonly string[] => cluster().hosts;

  it('prints the token nowhere and answers with it never, whatever is asked, at any level of the log', async () => {
    const { program, url } = await serving(['--token-file', tokenFile(), '--log-level', 'debug'], { hosts: hosts() });
    const name = uniqueName('cli-serve');
    await leading(candidate(hosts(), name, { value: 'web-1' }));
    const follower = await EventFollower.at(url, { headers: { authorization } });
    await follower.event('picture');
    const paths = ['/', '/api/elections', `/leader/${name}`, '/metrics', '/healthz', '/%', `/leader/x?token=${SECRET}`];
    for (const path of paths) {
      for (const headers of [{}, { authorization }, { authorization: `Bearer ${SECRET}x` }, { origin: SECRET }]) {
        const answer = await sendRequest(url, path, { headers });
        expect(`${JSON.stringify(answer.headers)} ${answer.text}`, path).to.not.include(SECRET);
      }
    }
    program.kill('SIGTERM');
    await program.exited();
    expect(program.stderr.text).to.match(/refused a request of 127\.0\.0\.1 \(401\): this needs/);
    expect(`${program.stdout.text} ${program.stderr.text}`).to.not.include(SECRET);
  });

  it('takes the token from the environment, and is asked on every address of the machine by that address', async () => {
    const { program, url } = await serving(['--listen', '0.0.0.0:0'], {
      hosts: hosts(),
      env: { ETCD_LEADER_SERVE_TOKEN: SECRET },
    });
    const port = new URL(url).port;
    const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const addresses = others.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
    expect(addresses).to.include('127.0.0.1');
    for (const address of addresses) {
      const base = `http://${address}:${port}/`;
      const statuses = [
        (await sendRequest(base, '/api/elections')).status,
        (await sendRequest(base, '/api/elections', { headers: { authorization, host: 'evil.example.com' } })).status,
        (await sendRequest(base, '/', {})).status,
      ];
      expect(statuses, address).to.deep.equal([401, 403, 200]);
    }
    await until(async () => (await sendRequest(url, '/api/elections', { headers: { authorization } })).status === 200, {
      what: 'the picture',
    });
    expect(readFileSync(`/proc/${program.pid}/cmdline`, 'utf8')).to.not.include(SECRET);
  });

  it('does not take the fencing token of run for its own', async () => {
    const { url } = await serving([], { hosts: hosts(), env: { ETCD_LEADER_TOKEN: SECRET } });
    await until(async () => (await sendRequest(url, '/api/elections')).status === 200, { what: 'the picture' });
  });

  it('closes connections that send nothing, a request by drops, or half a body; others are answered', async () => {
    const { url } = await serving([], { hosts: hosts() });
    const { host } = new URL(url);
    const elapsed = stopwatch();
    const silent = (await RawConnection.to(url)).read();
    const dripping = (await RawConnection.to(url)).read().write(`GET / HTTP/1.1\r\nHost: ${host}\r\nx: `);
    const halfway = (await RawConnection.to(url)).read();
    halfway.write(`GET /nothing HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100000\r\n\r\nx`);
    const drip = setInterval(() => dripping.write('x'), 200);
    tracked({ close: () => clearInterval(drip) });
    expect((await sendRequest(url, '/healthz')).status).to.be.oneOf([200, 503]);
    await Promise.all([silent, dripping, halfway].map((connection) => connection.closed(20_000 + BUSY)));
    figure('until slow requests were cut off', elapsed());
    expect(dripping.text).to.match(/^HTTP\/1\.1 408 /);
    expect((await sendRequest(url, '/')).status).to.equal(200);
  });

  it('sends what somebody has put into etcd as JSON that is no HTML', async () => {
    const name = `${uniqueName('cli-serve')}/<script>alert(1)</script>`;
    await leading(candidate(hosts(), name, { value: '</script><script>alert(2)</script>' }));
    const { url } = await serving([], { hosts: hosts() });
    const path = `/api/elections/${encodeURIComponent(name)}`;
    const answer = await until(
      async () => {
        const one = await sendRequest(url, path);
        return one.json.leader ? one : undefined;
      },
      { what: 'the election' },
    );
    expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
    expect(answer.text).to.not.include('<');
    expect([answer.json.name, answer.json.leader.value]).to.deep.equal([name, '</script><script>alert(2)</script>']);
  });
});

describe('etcd-leader serve, as a user of an etcd that asks for passwords', () => {
  const secured = securedCluster({ members: 1 });

  it('needs no more than `read` on the keys under its prefix, whatever letters the prefix has', async () => {
    const { access, hosts } = secured();
    const folder = `${uniqueName('größe/日本')}`;
    const { username, password } = await access.user('viewer', 'viewers');
    await access.allow('viewers', folder, 'Read');
    await leading(candidate(access.root, `${folder}/mail`, { value: 'web-1' }));
    const { url } = await serving([`${folder}/`, '--value', 'web-1', '--user', `${username}:${password}`], { hosts });
    const path = `/leader/${encodeURIComponent(`${folder}/mail`)}`;
    await until(async () => (await sendRequest(url, path)).status === 200, { what: 'this host to lead' });
    expect((await sendRequest(url, '/healthz')).status).to.equal(200);
  });

  for (const command of ['serve', 'top'] as const) {
    it(`is refused in one line when it may not read, and ends: ${command}`, async () => {
      const { access, hosts } = secured();
      const { username, password } = await access.user(`no-${command}`, `no-${command}s`);
      const listen = command === 'serve' ? ['--listen', '127.0.0.1:0'] : [];
      const user = ['--user', `${username}:${password}`];
      const program = CliProgram.start([command, 'jobs/', ...listen, ...user], { hosts });
      expect(await program.exited()).to.deep.equal({ code: 1 });
      expect(program.stderr.all).to.have.length(1);
      expect(program.stderr.text).to.match(/^etcd-leader: etcd refuses this user .*: it needs a role.*will do$/);
    });
  }
});

/** A file with the token, for the time of the spec. */
function tokenFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-token-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  const file = join(folder, 'token');
  writeFileSync(file, `${SECRET}\n`);
  return file;
}
