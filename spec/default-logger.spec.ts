import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const WORLD = JSON.stringify(new URL('support/world.js', import.meta.url).href);
const from = (file: string): string => JSON.stringify(new URL(`../lib/${file}`, import.meta.url).href);

interface Outcome {
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

const TYPE = 'EtcdLeaderWarning|';

/** Whether a busy machine hears of the refusal within a second is not known. */
function withoutWhy(line: string): string {
  return line.replace(/(?<=grant a lease )\((connect ECONNREFUSED 127\.0\.0\.1:1|no answer within \d+ ms)\)/, '(why)');
}

/** What a process of its own logs and warns of: `code|message`, with its detail after it when that is asked for. */
async function outcome(program: string, level?: string, ...flags: readonly string[]): Promise<Outcome> {
  const tell = 'process.on("warning", ({ name, code, message }) => console.error([name, code, message].join("|")));';
  const { ETCD_LEADER_LOG: _, ...env } = process.env;
  if (level !== undefined) env['ETCD_LEADER_LOG'] = level;
  const argv = ['--no-warnings', ...flags, '--input-type=module', '--eval', `${tell}${program}`];
  const { stdout, stderr } = await run(process.execPath, argv, { env });
  const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return {
    lines: linesOf(stdout),
    warnings: linesOf(stderr)
      .flatMap((line) => (line.startsWith(TYPE) ? [line.slice(TYPE.length)] : []))
      .map(withoutWhy),
  };
}

/** A client of an etcd that nobody reaches; `tried` resolves when two requests have failed: a third is sent. */
const CLIENT = `
  import { createClient, Election, Session } from ${from('index.js')};
  const client = createClient({ hosts: 'http://127.0.0.1:1' });
  const requests = new Set();
  const tried = new Promise((resolve) => {
    const { leaseClient } = client;
    const send = leaseClient.leaseGrant.bind(leaseClient);
    leaseClient.leaseGrant = (request, options) => {
      if (requests.add(request).size === 3) resolve(); // each request has several attempts
      return send(request, options);
    };
  });`;
/** An election there, until several requests have failed. */
const unreachable = (and = '', options = '{}'): string => `${CLIENT}
  const election = new Election(client, 'jobs', ${options});
  ${and}
  election.start();
  await tried;
  await election.stop();
  client.close();`;

describe('the default logger', () => {
  const LOG_ALL = `
    import { defaultLogger } from ${from('default-logger.js')};
    for (const level of ['debug', 'info', 'warn', 'error']) defaultLogger()[level]({ n: 1 }, \`told at \${level}\`);`;
  const AS_WARNINGS = ['ETCD_LEADER_WARNING|told at warn (n: 1)', 'ETCD_LEADER_WARNING|told at error (n: 1)'];
  const misspelt = (level: string): string =>
    `ETCD_LEADER_INVALID_OPTION|ETCD_LEADER_LOG must be silent, trace, debug, info, warn, error, fatal; got "${level}"`;

  for (const [level, told, warnings] of [
    [undefined, [], AS_WARNINGS],
    ['', [], AS_WARNINGS],
    ['silent', [], []],
    ['debug', [20, 30, 40, 50], []],
    ['warn', [40, 50], []],
    ['wran', [], [misspelt('wran'), ...AS_WARNINGS]],
    ['toString', [], [misspelt('toString'), ...AS_WARNINGS]],
  ] as const) {
    const set = level === undefined ? 'not set' : `"${level}"`;
    it(`logs ${told.length} of 4 lines and warns ${warnings.length} times when ETCD_LEADER_LOG is ${set}`, async () => {
      const seen = await outcome(LOG_ALL, level);
      expect(seen.warnings).to.deep.equal(warnings);
      const lines = seen.lines.map((line) => JSON.parse(line));
      expect(lines.map(({ level: number }) => number)).to.deep.equal(told);
      for (const { name, n } of lines) expect({ name, n }).to.deep.equal({ name: 'etcd-leader', n: 1 });
    });
  }
});

describe('without a logger', () => {
  const UNREACHABLE = 'ETCD_LEADER_UNAVAILABLE|jobs: no lease granted: etcd did not grant a lease (why): trying again';

  const UNHEARD = UNREACHABLE.replace('no lease granted', 'an error that nobody listens for');

  it('an etcd that nobody reaches is warned of once', async () => {
    expect((await outcome(unreachable())).warnings).to.deep.equal([UNREACHABLE]);
  });

  it('an etcd that nobody reaches is not warned of when somebody listens for errors', async () => {
    expect((await outcome(unreachable("election.on('error', () => {});"))).warnings).to.deep.equal([]);
  });

  for (const [what, file, call] of [
    ['metrics count', 'metrics.js', 'collectMetrics'],
    ['OpenTelemetry counts', 'otel/index.js', 'instrument'],
  ] as const) {
    it(`an etcd that nobody reaches is warned of once when only ${what} the errors`, async () => {
      const counted = `const { ${call} } = await import(${from(file)}); ${call}(election);`;
      expect((await outcome(unreachable(counted))).warnings).to.deep.equal([UNHEARD]);
    });
  }

  it('an etcd that nobody reaches is not warned of when ETCD_LEADER_LOG is silent', async () => {
    expect((await outcome(unreachable(), 'silent')).warnings).to.deep.equal([]);
  });

  it('an etcd that nobody reaches is warned of once by a session with many elections', async () => {
    const many = `${CLIENT}
      const session = new Session(client);
      for (let i = 0; i < 100; i++) new Election(session, \`jobs-\${i}\`).start();
      await tried;
      await session.close();
      client.close();`;
    expect((await outcome(many)).warnings).to.deep.equal([UNREACHABLE.replace('jobs: ', '')]);
  });

  /** So many elections whose listener throws in each of two terms, although somebody listens for errors. */
  const throwing = (elections: number): string => `
    import { FakeElection } from ${from('testing.js')};
    for (let i = 0; i < ${elections}; i++) {
      const election = new FakeElection(\`jobs-\${i}\`);
      election.on('error', () => {});
      election.on('elected', () => { throw new Error('mine'); });
      election.start();
      for (let term = 0; term < 2; term++) {
        await election.elect();
        await election.depose();
      }
      await election.stop();
    }`;

  it('a listener that throws is warned of once for each election, whoever listens for errors', async () => {
    expect((await outcome(throwing(2))).warnings).to.deep.equal([
      'ETCD_LEADER_LISTENER_FAILED|jobs-0: a listener failed (event: elected): mine',
      'ETCD_LEADER_LISTENER_FAILED|jobs-1: a listener failed (event: elected): mine',
    ]);
  });

  it('the same trouble of many elections is warned of ten times, and the last warning says so', async () => {
    const { warnings } = await outcome(throwing(12));
    expect(warnings).to.have.length(10);
    expect(warnings.at(-1)).to.equal(
      'ETCD_LEADER_LISTENER_FAILED|jobs-9: a listener failed (event: elected): mine ' +
        '(the tenth election with this trouble: no other is told of)',
    );
  });

  it('an error that nobody listens for is warned of once for each code and election', async () => {
    const { warnings } = await outcome(`
      import { ElectionError } from ${from('index.js')};
      import { FakeElection } from ${from('testing.js')};
      const election = new FakeElection('jobs');
      for (const code of ['UNAVAILABLE', 'PERMISSION_DENIED', 'UNAVAILABLE']) {
        await election.fail(new ElectionError(code, 'no'));
      }`);
    expect(warnings).to.deep.equal([
      'ETCD_LEADER_UNAVAILABLE|jobs: an error that nobody listens for: no',
      'ETCD_LEADER_PERMISSION_DENIED|jobs: an error that nobody listens for: no',
    ]);
  });

  it('what a test does to a FakeElection on purpose is not warned of', async () => {
    const { warnings } = await outcome(`
      import { FakeElection } from ${from('testing.js')};
      const election = new FakeElection('jobs');
      election.start();
      await election.elect();
      await election.suspend();
      await election.depose('LEASE_EXPIRED');
      await election.stop();`);
    expect(warnings).to.deep.equal([]);
  });

  for (const [who, listen] of [
    ['nobody listens', ''],
    ['somebody listens for errors', "election.on('error', () => {});"],
  ] as const) {
    it(`a key that blocks the election is warned of once when ${who}`, async () => {
      const { warnings } = await outcome(`
        import { World } from ${WORLD};
        const world = new World();
        world.etcd.put('jobs/config', 'x');
        const { election } = world.candidate('a');
        ${listen}
        await world.queued(election);
        await world.advance(60_000);`);
      expect(warnings.map((line) => line.slice(0, 80))).to.deep.equal([
        'ETCD_LEADER_BLOCKED|jobs: a key that is no candidate blocks the election (key: jobs/config)'.slice(0, 80),
      ]);
    });
  }

  it('the first warning says how to have all of them, or none, and shows where a listener threw', async () => {
    const program = throwing(2).replace("'mine'", "'mine', { cause: 1 }");
    const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, ETCD_LEADER_LOG: '' },
    });
    expect(stderr.match(/ETCD_LEADER_LOG=silent/g)).to.have.length(1);
    expect(stderr.match(/Error: mine\n {4}at /g)).to.have.length(2);
  });

  it('a lease that is not refreshed, and lost, is warned of once each, however often it happens', async () => {
    const { warnings } = await outcome(`
      import { World } from ${WORLD};
      const world = new World();
      const { election, store } = world.candidate('a');
      election.start();
      for (let term = 0; term < 2; term++) {
        await world.until(() => election.isLeader(), 'it leads');
        store.faults.keepAlive = 'hang';
        await world.until(() => !election.isLeader(), 'the deadline');
        store.faults.keepAlive = 'ok';
      }`);
    expect(warnings.map((line) => line.replace(/lease: \w+/, 'lease: 1f'))).to.deep.equal([
      'ETCD_LEADER_UNAVAILABLE|jobs: lease not refreshed (lease: 1f, remaining: 2500): the lease was not refreshed ' +
        '(no answer within 1667 ms): trying again',
      'ETCD_LEADER_LEASE_EXPIRED|jobs: lease lost (lease: 1f): the lease could not be refreshed before its deadline: ' +
        'queueing again with a new one',
    ]);
  });
});

describe('node --frozen-intrinsics', () => {
  it('loads the library, leads and stops', async () => {
    const { lines } = await outcome(
      `
      import { createClient, Election } from ${from('index.js')};
      import { FakeElection } from ${from('testing.js')};
      const election = new FakeElection('jobs');
      election.start();
      const leadership = await election.elect();
      const { succeeded } = await leadership.txn().then(election.etcd.put('a').value('b')).commit();
      await election.depose('LEASE_EXPIRED');
      await election.stop();
      const client = createClient({ hosts: 'http://127.0.0.1:1' });
      const real = new Election(client, 'jobs');
      const error = new Promise((resolve) => real.on('error', resolve));
      real.start();
      const { code } = await error;
      await real.stop();
      client.close();
      console.log(succeeded, leadership.signal.reason.code, code);`,
      undefined,
      '--frozen-intrinsics',
    );
    expect(lines).to.deep.equal(['true LEASE_EXPIRED UNAVAILABLE']);
  });
});

describe('a logger of the user', () => {
  it('is told of an etcd that nobody reaches, and nobody is warned', async () => {
    const logger =
      '{ logger: { debug() {}, info() {}, warn() {}, error(data, message) { console.log(message, data.err.code); } } }';
    const { lines, warnings } = await outcome(unreachable('', logger));
    expect([lines, warnings]).to.deep.equal([['no lease granted UNAVAILABLE'], []]);
  });
});
