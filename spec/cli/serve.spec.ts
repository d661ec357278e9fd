import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Election } from '../../lib/index.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { CliProgram, SCRIPTS } from '../support/cli/program.js';
import { readPage } from '../support/docs/pages.js';
import { figure, stopwatch } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { EventFollower, sendRequest } from '../support/serve/http.js';
import { serving } from '../support/serve/serving.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';
import { Yaml } from '../support/yaml.js';

describe('etcd-leader serve in a process of its own', () => {
  const cluster = sharedCluster();
  let prefix: string;
  let name: string;

  beforeEach(() => {
    prefix = `${uniqueName('cli-serve')}/`;
    name = `${prefix}jobs/mail`;
  });

  const serve = (...args: readonly string[]) => serving([prefix, ...args], { hosts: cluster().hosts });
  const lead = async (value: string): Promise<Election> => {
    const election = candidate(cluster().hosts, name, { value });
    await leading(election);
    return election;
  };
  const status = async (url: string, path: string): Promise<number> => (await sendRequest(url, path)).status;

  it('shows an election as JSON, with its leader and its queue', async () => {
    const election = await lead('web-1');
    const { url } = await serve();
    const path = `/api/elections/${name}`;
    await until(async () => (await sendRequest(url, path)).json?.leader, { what: 'the election' });
    const one = await sendRequest(url, path);
    const { fencingToken, leaseId } = election.leadership ?? {};
    expect(one.json.leader).to.deep.include({ value: 'web-1', fencingToken: String(fencingToken), leaseId });
    expect(one.json.queue).to.deep.equal([
      { leaseId, fencingToken: String(fencingToken), isOurs: true, value: 'web-1' },
    ]);
    const all = (await sendRequest(url, '/api/elections')).json;
    expect(all.elections.map((each: { name: string }) => each.name)).to.deep.equal([name]);
  });

  it('tells a change of leader as it comes', async () => {
    const first = await lead('first');
    const { url } = await serve();
    const follower = await EventFollower.at(url);
    await follower.event('picture', ({ elections }) => elections[0]?.leader?.value === 'first');
    const second = await queued(candidate(cluster().hosts, name, { value: 'second' }));
    const elapsed = stopwatch();
    await first.stop();
    const { data } = await follower.event('changed', ({ elections }) => elections[0]?.leader?.value === 'second');
    figure('from stop() to the event of the next leader', elapsed());
    expect(data.elections[0].leader.fencingToken).to.equal(String((await second.elected()).fencingToken));
  });

  it('shows who led before it began, when the leaders record their terms: when, and why that ended', async () => {
    const [first, second] = ['first', 'second'].map((value) =>
      candidate(cluster().hosts, name, { value, history: 10 }),
    ) as [Election, Election];
    const began = Date.now();
    await joinInOrder(first, second);
    await first.stop();
    await leading(second);
    const recorded = async (): Promise<boolean> => {
      const terms = await second.history();
      return terms.length === 2 && terms[0]?.why === 'STOPPED';
    };
    await until(recorded, { what: 'both terms to be recorded' });
    const ended = Date.now();

    const { url } = await serve();
    const path = `/api/elections/${name}`;
    const terms = await until(async () => (await sendRequest(url, path)).json?.terms, { what: 'the election' });
    expect(terms.map(({ value }: { value: string }) => value)).to.deep.equal(['first', 'second']);
    expect(terms[0]).to.deep.include({ ended: 'released', why: 'STOPPED', isRecorded: true });
    expect(terms[1]).to.deep.include({ until: null, ended: null, why: null, isRecorded: true });
    for (const moment of [terms[0].from, terms[0].until, terms[1].from]) {
      expect(moment.exact).to.equal(true);
      expect(moment.at).to.be.within(began, ended);
    }
  });

  it('answers 200 for the default value of run on this host, and at once 503 when it has ended', async () => {
    const { url } = await serve();
    const leader = CliProgram.start(['run', name, '--', ...SCRIPTS.work], { hosts: cluster().hosts });
    await leader.stdout.line(/works/);
    await until(async () => (await status(url, `/leader/${name}`)) === 200, { what: 'this host to lead' });
    const { json } = await sendRequest(url, `/leader/${encodeURIComponent(name)}`);
    expect(json.leader.value).to.match(new RegExp(`^${hostname()}:\\d+$`));
    expect(await status(url, `/leader/${name}?value=${hostname()}`)).to.equal(503);
    leader.kill('SIGTERM');
    await leader.exited();
    await until(async () => (await status(url, `/leader/${name}`)) === 503, { what: 'nobody to lead' });
  });

  it('tells an outage of etcd, calls nobody the leader then, and heals', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const election = await lead('web-1');
    const { url, program } = await serving([prefix, '--value', 'web-1', '--vouch-for', '2'], { hosts: proxy.hosts });
    await until(async () => (await status(url, `/leader/${name}`)) === 200, { what: 'this host to lead' });
    const follower = await EventFollower.at(url);
    await follower.event('picture');
    proxy.blackhole();
    const elapsed = stopwatch();
    await until(async () => (await status(url, `/leader/${name}`)) === 503, { what: 'nobody to be called leader' });
    expect(elapsed(), 'to 503').to.be.lessThan(2_000 + BUSY);
    expect((await sendRequest(url, `/leader/${name}`)).json.reason).to.equal('etcd has not answered for too long');
    const { data } = await follower.event('outage');
    expect(data.code).to.equal('UNAVAILABLE');
    expect(await status(url, '/healthz')).to.equal(503);
    expect((await sendRequest(url, '/api/elections')).json.outage.code).to.equal('UNAVAILABLE');
    await program.stderr.line(/etcd does not answer .*still trying/);
    proxy.restore();
    await follower.event('answered');
    await until(async () => (await status(url, `/leader/${name}`)) === 200, { what: 'this host to lead again' });
    await until(async () => (await status(url, '/healthz')) === 200, { what: 'etcd to answer' });
    expect(election.isLeader()).to.equal(true);
  });

  it('begins while etcd is away, says so, and shows everything once etcd answers', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    proxy.blackhole();
    await lead('web-1');
    const { url, program } = await serving([prefix], { hosts: proxy.hosts });
    await program.stderr.line(/etcd does not answer .*still trying/);
    expect([await status(url, '/'), await status(url, '/api/elections')]).to.deep.equal([200, 503]);
    proxy.restore();
    await until(async () => (await sendRequest(url, `/api/elections/${name}`)).json.leader?.value === 'web-1', {
      what: 'the election',
    });
  });

  it('is asked by the readiness probe of the page: 0 while its host leads, 1 when not', async () => {
    await lead('web-1');
    const env = { ETCD_LEADER_SERVE_TOKEN: 'a-secret-of-the-spec-0123456789' };
    const [here, elsewhere] = await Promise.all(
      ['web-1', 'web-2'].map((value) => serving([prefix, '--value', value], { hosts: cluster().hosts, env })),
    );
    const probe = async (port = 0): Promise<unknown> => {
      const [program = '', ...args] = probeOf(readPage('docs/serve.md'));
      const asked = args.map((arg) =>
        arg.replace('127.0.0.1:8080/leader/jobs/mail', `127.0.0.1:${port}/leader/${name}`),
      );
      return await CliProgram.spawn(program, asked, { env }).exited();
    };
    await until(async () => isDeepStrictEqual(await probe(here?.port), { code: 0 }), { what: 'this host to lead' });
    expect(await probe(elsewhere?.port)).to.deep.equal({ code: 1 });
    here?.program.kill('SIGTERM');
    await here?.program.exited();
    expect(await probe(here?.port)).to.deep.equal({ code: 1 });
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends within a second after ${signal}, with clients connected`, async () => {
      const { url, program } = await serve();
      const followers = await Promise.all([1, 2, 3].map(() => EventFollower.at(url)));
      await Promise.all(followers.map((follower) => follower.event('picture')));
      const elapsed = stopwatch();
      program.kill(signal);
      expect(await program.exited()).to.deep.equal({ signal });
      const took = elapsed();
      figure(`from ${signal} to the end`, took);
      expect(took).to.be.lessThan(1_000 + BUSY);
      await until(() => followers.every(({ isEnded }) => isEnded), { what: 'the streams to end' });
      expect(program.stderr.text).to.equal('');
    });
  }

  it('answers 503 while a key that is no candidate’s blocks the election, and 200 when the key is gone', async () => {
    const etcd = openClient(cluster().hosts);
    await etcd.put(`${name}/readme`).value('web-1');
    await queued(candidate(cluster().hosts, name, { value: 'web-1' }));
    const { url } = await serve('--value', 'web-1');
    await until(async () => (await sendRequest(url, `/api/elections/${name}`)).json.blockedBy === `${name}/readme`, {
      what: 'the key that blocks',
    });
    expect(await status(url, `/leader/${name}`)).to.equal(503);
    await etcd.delete().key(`${name}/readme`);
    await until(async () => (await status(url, `/leader/${name}`)) === 200, { what: 'this host to lead' });
  });

  it('answers 501 to /metrics, and all else as ever, when prom-client is not installed', async () => {
    const env = { NODE_OPTIONS: `--import ${withoutPackage('prom-client')}` };
    const { url } = await serving([prefix], { hosts: cluster().hosts, env });
    const { status: code, json } = await sendRequest(url, '/metrics');
    expect([code, json.error]).to.deep.equal([501, 'figures need the package prom-client: npm install prom-client']);
    await until(async () => (await status(url, '/healthz')) === 200, { what: 'etcd to answer' });
    expect(await status(url, '/')).to.equal(200);
  });

  it('has figures for Prometheus', async () => {
    await lead('web-1');
    const { url } = await serve();
    await until(async () => (await sendRequest(url, '/metrics')).text.includes('etcd_leader_view_elections_led 1'), {
      what: 'the election to be counted',
    });
    expect((await sendRequest(url, '/metrics')).text).to.include(
      `etcd_leader_view_leader_changes_total{election="${name}"} 0`,
    );
  });

  it('says where it listens as JSON with --json', async () => {
    const program = CliProgram.start(['serve', '--json', '--listen', '127.0.0.1:0'], { hosts: cluster().hosts });
    const line = await program.stdout.line(/listening/);
    expect(JSON.parse(line).listening).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  describe('that cannot begin', () => {
    const refused = async (
      args: readonly string[],
      env: NodeJS.ProcessEnv = {},
    ): Promise<readonly [unknown, string]> => {
      const program = CliProgram.start(['serve', ...args], { hosts: cluster().hosts, env });
      return [await program.exited(), program.stderr.text];
    };

    it('exits with 1 when another program listens there', async () => {
      const { port } = await serve();
      const [exit, text] = await refused(['--listen', `127.0.0.1:${port}`]);
      expect(exit).to.deep.equal({ code: 1 });
      expect(text).to.equal(`etcd-leader: cannot listen on 127.0.0.1:${port}: another program listens there`);
    });

    for (const listen of ['0.0.0.0:0', '[::]:0', '10.0.0.1:8080', 'example.com:8080', '127.0.0.1.evil.com:1']) {
      it(`exits with 2 when other machines could come in without a token: ${listen}`, async () => {
        const [exit, text] = await refused(['--listen', listen]);
        expect(exit).to.deep.equal({ code: 2 });
        expect(text).to.match(/lets other machines in: give a token by --token-file or ETCD_LEADER_SERVE_TOKEN/);
      });
    }

    it('warns when the token goes over a network without TLS, and when a proxy lets in whom it likes', async () => {
      const env = { ETCD_LEADER_SERVE_TOKEN: 'a-secret-of-the-spec-0123456789' };
      const open = await serving([prefix, '--listen', '0.0.0.0:0'], { hosts: cluster().hosts, env });
      await open.program.stderr.line(/^etcd-leader: without TLS everybody on the way can read the token/);
      const { program } = await serve('--host', 'leaders.example.com');
      await program.stderr.line(/^etcd-leader: --host names a proxy, and there is no token/);
      expect([...open.program.stderr.all, ...program.stderr.all]).to.have.length(2);
    });

    const wrong = [
      [['--listen', '8080'], /--listen takes an address and a port, such as 127\.0\.0\.1:8080; got 8080/],
      [['--listen', '127.0.0.1:65536'], /--listen takes/],
      [['--listen', '::1:80'], /--listen takes/],
      [['--host', 'a b'], /--host takes a name without a port/],
      [['--host', 'a.example.com:80'], /--host takes a name without a port/],
      [['--vouch-for', '1'], /--vouch-for must be 2 to 60 seconds; got 1/],
      [['--vouch-for', 'x'], /--vouch-for takes a number of seconds/],
      [['--token-file', '/nonexistent/token'], /--token-file: ENOENT/],
    ] as const;
    for (const [args, message] of wrong) {
      it(`exits with 2 and says what is wrong: ${args.join(' ')}`, async () => {
        const [exit, text] = await refused(args);
        expect(exit).to.deep.equal({ code: 2 });
        expect(text).to.match(message);
      });
    }

    it('exits with 2 when a value is so long that the view would cut it', async () => {
      const [exit, text] = await refused(['--value', 'v'.repeat(4_096)]);
      expect(exit).to.deep.equal({ code: 2 });
      expect(text).to.equal('etcd-leader: --value takes less than 4096 bytes; got 4096');
    });

    it('exits with 2 when the token is too short or has blanks, and does not print the token', async () => {
      for (const token of ['short', 'a long token with blanks']) {
        const [exit, text] = await refused([], { ETCD_LEADER_SERVE_TOKEN: token });
        expect(exit).to.deep.equal({ code: 2 });
        expect(text)
          .to.match(/^etcd-leader: the token in ETCD_LEADER_SERVE_TOKEN /)
          .and.not.include(token);
      }
    });
  });
});

/** The command of the readiness probe that a page has. */
function probeOf(page: string): string[] {
  const [, block = ''] = /```yaml\n(readinessProbe:[\s\S]*?)```/.exec(page) ?? [];
  return new Yaml(parse(block)).at('readinessProbe', 'exec', 'command').items.map(({ text }) => text);
}

/** What Node.js is to load first, so that a package looks as if it were not installed. */
function withoutPackage(name: string): string {
  const hook = `export async function resolve(specifier, context, next) {
    if (specifier !== '${name}') return await next(specifier, context);
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
  const module = (text: string): string => `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
  return module(`import { register } from 'node:module'; register('${module(hook)}');`);
}
