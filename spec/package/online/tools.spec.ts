import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../../support/cluster/run.js';
import { fencesIn } from '../../support/docs/snippets.js';
import { type ToolsProject, toolsProject } from '../../support/package/tools.js';

/** The body of a test that uses all three entries, a real client that reaches nobody, and faked timers. */
const BODY = `
test('works while it leads', async () => {
  const fake = new FakeElection('jobs/nightly', { value: Buffer.from('me') });
  const detach = collectMetrics(fake);
  fake.start();
  const leadership = await fake.elect();
  expect(fake.isLeader()).toBe(true);
  expect(fake).toBeInstanceOf(Election);
  await fake.depose('LEASE_EXPIRED');
  expect(leadership.signal.reason).toBeInstanceOf(ElectionError);
  await fake.stop();
  detach();
});

test('loads what talks to etcd', async () => {
  const client = createClient({ hosts: 'http://127.0.0.1:1' });
  expect(client).toBeInstanceOf(Etcd3);
  expect(() => new Election(client, '')).toThrow(ElectionError);
  const election = new Election(client, 'jobs/nightly', { value: Buffer.from('me') });
  const failure = new Promise((resolve) => election.on('error', resolve));
  election.start();
  expect(await failure).toBeInstanceOf(ElectionError);
  await election.stop();
  client.close();
});
`;

const IMPORTS = `
import { createClient, Election, ElectionError, Etcd3 } from 'etcd-leader';
import { collectMetrics } from 'etcd-leader/metrics';
import { FakeElection } from 'etcd-leader/testing';
`;

const REQUIRES = `
const { createClient, Election, ElectionError, Etcd3 } = require('etcd-leader');
const { collectMetrics } = require('etcd-leader/metrics');
const { FakeElection } = require('etcd-leader/testing');
`;

/** A program to be bundled: it ends by itself, and fails when etcd3 cannot be loaded. */
const SERVICE = `${IMPORTS}
const client = createClient({ hosts: 'http://127.0.0.1:1' });
const fake = new FakeElection('jobs/nightly');
fake.start();
fake.elect().then(async () => {
  console.log(client instanceof Etcd3, fake instanceof Election, typeof collectMetrics, typeof ElectionError);
  await fake.stop();
  client.close();
});
`;

describe('the tools of users, as they come,', () => {
  let tools: ToolsProject;

  before(async () => {
    tools = await toolsProject();
  });

  /** Runs a tool in a folder of its own; resolves with all that it printed. */
  async function passes(folder: string, tool: string, ...args: readonly string[]): Promise<string> {
    const { ok, output } = await tools.run(folder, tool, ...args);
    expect(ok, output).to.equal(true);
    return output;
  }

  it('Jest 30 runs a test in JavaScript', async () => {
    tools.write('jest/package.json', '{}');
    tools.write('jest/election.test.js', `${REQUIRES}${BODY}`);
    expect(await passes('jest', 'jest', '--ci', '--cacheDirectory', 'cache')).to.include('2 passed, 2 total');
  });

  it('Jest 30 runs a test with faked timers, process.nextTick and queueMicrotask among them', async () => {
    tools.write('jest-timers/package.json', '{}');
    const [fakeOnly = ''] = BODY.split("test('loads");
    tools.write('jest-timers/election.test.js', `${REQUIRES}jest.useFakeTimers();${fakeOnly}`);
    expect(await passes('jest-timers', 'jest', '--ci', '--cacheDirectory', 'cache')).to.include('1 passed, 1 total');
  });

  it('Jest 30 runs the test on the page', async () => {
    tools.write('jest-page/package.json', '{}');
    const [onPage = ''] = fencesIn('docs/testing-your-application.md')
      .filter(({ mark }) => mark === 'js')
      .map(({ code }) => code);
    tools.write('jest-page/election.test.js', onPage);
    expect(await passes('jest-page', 'jest', '--ci', '--cacheDirectory', 'cache')).to.include('1 passed, 1 total');
  });

  it('ts-jest runs a test in TypeScript', async () => {
    tools.write('ts-jest/package.json', JSON.stringify({ jest: { preset: 'ts-jest' } }));
    tools.write('ts-jest/election.test.ts', `${IMPORTS}${BODY}`);
    expect(await passes('ts-jest', 'jest', '--ci', '--cacheDirectory', 'cache')).to.include('2 passed, 2 total');
  });

  it('vitest runs a test in TypeScript', async () => {
    tools.write('vitest/package.json', '{}');
    tools.write('vitest/election.test.ts', `import { expect, test } from 'vitest';${IMPORTS}${BODY}`);
    expect(await passes('vitest', 'vitest', 'run', '--no-color')).to.match(/Tests +2 passed/);
  });

  describe('esbuild', () => {
    const page = fencesIn('docs/bundling.md')
      .filter(({ mark }) => mark === 'sh')
      .map(({ code }) => code);
    const EXPECTED = 'true true function function';

    /** The commands as they stand on the page, with the tools of the project on the PATH. */
    async function carryOut(folder: string, commands: string): Promise<string> {
      tools.write(join(folder, 'package.json'), '{}');
      tools.write(join(folder, 'service.ts'), SERVICE);
      const env = { ...process.env, PATH: `${tools.bin}:${process.env['PATH']}` };
      const { ok, output, stdout } = await runCommand('sh', ['-ec', commands], {
        cwd: join(tools.folder, folder),
        env,
      });
      expect(ok, output).to.equal(true);
      return stdout.trim();
    }

    it('has two ways on the page', () => {
      expect(page).to.have.length(2);
    });

    it('makes a bundle that leaves the package out', async () => {
      expect(await carryOut('esbuild-external', page[0] ?? '')).to.equal(EXPECTED);
    });

    it('makes an ES module that leaves the package out', async () => {
      const commands = page[0]?.replaceAll('service.cjs', 'service.mjs').replace('--bundle', '--bundle --format=esm');
      expect(await carryOut('esbuild-module', commands ?? '')).to.equal(EXPECTED);
      const bundle = readFileSync(join(tools.folder, 'esbuild-module/dist/service.mjs'), 'utf8');
      expect(bundle).to.match(/^import .* from "etcd-leader";/m);
    });

    it('makes one file with everything in it, with the folder `proto` of etcd3 beside', async () => {
      // As if the folder were the user's project.
      const commands = `ln -s ../node_modules node_modules\n${page[1]}`;
      expect(await carryOut('esbuild-whole', commands)).to.equal(EXPECTED);
      expect(readFileSync(join(tools.folder, 'esbuild-whole/dist/service.cjs'), 'utf8')).to.not.match(
        /require\("etcd(-leader|3)/,
      );
    });
  });
});
