import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../../scripts/test/tool.js';
import { run } from '../support/cluster/run.js';
import { type Project, project, write } from '../support/package/project.js';

const PROGRAM = `
import { createClient, Election, ElectionError, etcdLeader, type Leadership, Session } from 'etcd-leader';
import { collectMetrics } from 'etcd-leader/metrics';
import { FakeElection } from 'etcd-leader/testing';

const client = createClient({ hosts: 'http://127.0.0.1:2379' });
const session = new Session(client, { ttl: 10 });
const election: Election = new Election(session, 'jobs/mail', { value: 'a', healthCheck: async () => true });
election.on('elected', ({ fencingToken }) => { const token: bigint = fencingToken; void token; });
election.on('unelected', (_: Leadership, reason: ElectionError) => { void reason.code; });
const result: Promise<string> = election.run(async ({ signal }) => (signal.aborted ? 'aborted' : 'done'));
// @ts-expect-error: there is no such option
new Election(client, 'jobs', { tll: 10 });
const fake: Election = new FakeElection('jobs');
void [fake, result, etcdLeader, collectMetrics, election.observe()];
`;

// Node.js from 20.19 on gives an ES module to `require()`, and TypeScript from 5.8 on knows it.
const COMMON_JS = `import { Election } from 'etcd-leader'; export const made: typeof Election = Election;`;

/** `isLeader` exists on what was loaded: the package runs, not only resolves. */
const CHECK = `
const { createClient, Election, ElectionError, etcdLeader, Session } = loaded;
const client = createClient({ hosts: 'http://127.0.0.1:1' });
const election = new Election(client, 'jobs');
let code;
try { new Election(client, ''); } catch (err) { code = err instanceof ElectionError && err.code; }
client.close();
console.log(JSON.stringify([election.isLeader(), code, typeof etcdLeader, typeof Session]));
`;

const EXPECTED = JSON.stringify([false, 'INVALID_OPTION', 'function', 'function']);

const COMPILERS = { 'TypeScript 5.9': 'typescript/bin/tsc', 'TypeScript 7': 'typescript-7/bin/tsc' } as const;
const RESOLUTIONS = {
  nodenext: { options: { module: 'nodenext', moduleResolution: 'nodenext' }, files: ['program.mts', 'program.cts'] },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, files: ['program.mts'] },
} as const;

describe('the installed package', () => {
  let user: Project;

  before(async () => {
    user = await project();
  });

  async function node(...args: readonly string[]): Promise<string> {
    const { ok, output } = await run(process.execPath, args, { cwd: user.folder });
    expect(ok, output).to.equal(true);
    return output;
  }

  it('is imported by an ES module', async () => {
    write(user.folder, 'esm.mjs', `import * as loaded from 'etcd-leader';${CHECK}`);
    expect(await node('esm.mjs')).to.equal(EXPECTED);
  });

  it('is required by a CommonJS module, without a word of warning', async () => {
    write(user.folder, 'cjs.cjs', `const loaded = require('etcd-leader');${CHECK}`);
    expect(await node('cjs.cjs')).to.equal(EXPECTED);
  });

  it('has metrics for those who have prom-client', async () => {
    write(user.folder, 'm.mjs', `import * as m from 'etcd-leader/metrics'; console.log(Object.keys(m).length > 0);`);
    expect(await node('m.mjs')).to.equal('true');
  });

  it('lets nobody reach what is inside', async () => {
    const inside = `import('etcd-leader/dist/lib/election.js').catch((err) => console.log(err.code));`;
    write(user.folder, 'inside.mjs', inside);
    expect(await node('inside.mjs')).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('has a command line', async () => {
    const bin = user.isInstalled ? 'node_modules/.bin/etcd-leader' : 'node_modules/etcd-leader/dist/lib/cli/main.js';
    const { ok, output } = await run(user.isInstalled ? join(user.folder, bin) : process.execPath, [
      ...(user.isInstalled ? [] : [join(user.folder, bin)]),
      '--version',
    ]);
    expect(ok, output).to.equal(true);
    expect(output).to.match(/^\d+\.\d+\.\d+/);
  });

  for (const [name, compiler] of Object.entries(COMPILERS)) {
    for (const [resolution, { options, files }] of Object.entries(RESOLUTIONS)) {
      it(`is type-checked by ${name} with moduleResolution ${resolution}, its declarations too`, async () => {
        write(user.folder, 'program.mts', PROGRAM);
        write(user.folder, 'program.cts', COMMON_JS);
        const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
        const compilerOptions = { ...strict, ...options, target: 'es2022', types: ['node'], noEmit: true };
        const config = { compilerOptions: { ...compilerOptions, skipLibCheck: false }, files };
        write(user.folder, 'tsconfig.json', JSON.stringify(config));
        const tsc = join(root, 'node_modules', compiler);
        const { ok, output } = await run(process.execPath, [tsc, '-p', '.'], { cwd: user.folder, within: 120_000 });
        expect(ok, output).to.equal(true);
      });
    }
  }
});
