import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../../scripts/test/tool.js';
import { runCommand } from '../support/cluster/run.js';
import { INSTALLED_PROGRAM } from '../support/package/program.js';
import { type Project, project, writeInto } from '../support/package/project.js';

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

/** What both ways of loading give, entry by entry: the names, and whether each is the same value. */
const COMPARE = `
const compared = entries.map(([imported, required]) => {
  const names = Object.keys(required).sort();
  const same = names.every((name) => imported[name] === required[name]);
  return [Object.keys(imported).sort().join() === names.join(), same];
});
let thrown;
try { new entries[0][1].Election(undefined, 'jobs'); } catch (err) { thrown = err; }
console.log(JSON.stringify([compared.flat().every(Boolean), thrown instanceof entries[0][0].ElectionError,
  new entries[2][1].FakeElection('jobs') instanceof entries[0][0].Election]));
`;

const COMPILERS = { 'TypeScript 5.9': 'typescript/lib/tsc.js', 'TypeScript 7': 'typescript-7/bin/tsc' } as const;

/** How people let TypeScript find packages. TypeScript 7 has no `node10` any more. */
const RESOLUTIONS: readonly {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly compilers?: readonly string[];
}[] = [
  {
    name: 'module commonjs, so moduleResolution node10',
    options: { module: 'commonjs' },
    files: ['program.ts'],
    compilers: ['TypeScript 5.9'],
  },
  {
    name: 'module node16, in a CommonJS file and in an ES module',
    options: { module: 'node16' },
    files: ['program.cts', 'program.mts'],
  },
  {
    name: 'module nodenext, in a CommonJS file and in an ES module',
    options: { module: 'nodenext' },
    files: ['program.cts', 'program.mts'],
  },
  {
    name: 'moduleResolution bundler',
    options: { module: 'esnext', moduleResolution: 'bundler' },
    files: ['program.ts', 'program.mts'],
  },
];

describe('the installed package', () => {
  let user: Project;

  before(async () => {
    user = await project();
  });

  async function node(...args: readonly string[]): Promise<string> {
    const { ok, output } = await runCommand(process.execPath, args, { cwd: user.folder });
    expect(ok, output).to.equal(true);
    return output;
  }

  it('is imported by an ES module', async () => {
    writeInto(user.folder, 'esm.mjs', `import * as loaded from 'etcd-leader';${CHECK}`);
    expect(await node('esm.mjs')).to.equal(EXPECTED);
  });

  it('is required by a CommonJS module, without a word of warning and without an ES module', async () => {
    writeInto(user.folder, 'cjs.cjs', `const loaded = require('etcd-leader');${CHECK}`);
    expect(await node('cjs.cjs')).to.equal(EXPECTED);
    // Jest, and Node.js before 20.19, cannot require an ES module.
    const without = ['--no-experimental-require-module'];
    const options = without.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
    expect(await node(...options, 'cjs.cjs')).to.equal(EXPECTED);
  });

  const ENTRIES = ['', '/metrics', '/testing', '/threads', '/cron', '/otel', '/nestjs'].map(
    (entry) => `etcd-leader${entry}`,
  );

  it('is the same to `import` and to `require()` in one process: one `Session`, one `ElectionError`', async () => {
    const imports = ENTRIES.map((entry, index) => `import * as imported${index} from '${entry}';`).join('\n');
    const pairs = ENTRIES.map((entry, index) => `[imported${index}, require('${entry}')]`).join();
    const program = `import { createRequire } from 'node:module';
      ${imports}
      const require = createRequire(import.meta.url);
      const entries = [${pairs}];${COMPARE}`;
    writeInto(user.folder, 'both.mjs', program);
    expect(await node('both.mjs')).to.equal('[true,true,true]');
  });

  it('is the same also when `require()` comes first', async () => {
    const pairs = ENTRIES.map((entry) => `[await import('${entry}'), required['${entry}']]`).join();
    const required = ENTRIES.map((entry) => `'${entry}': require('${entry}')`).join();
    const program = `const required = { ${required} };
      (async () => { const entries = [${pairs}];${COMPARE} })();`;
    writeInto(user.folder, 'both.cjs', program);
    expect(await node('both.cjs')).to.equal('[true,true,true]');
  });

  it('gives the `Etcd3` of the `etcd3` that it uses itself', async () => {
    const program = `const { createClient, Etcd3 } = require('etcd-leader');
      const client = createClient({ hosts: 'http://127.0.0.1:1' });
      console.log(client instanceof Etcd3, new Etcd3({ hosts: 'http://127.0.0.1:1' }) instanceof client.constructor);
      client.close();`;
    writeInto(user.folder, 'etcd3.cjs', program);
    expect(await node('etcd3.cjs')).to.equal('true true');
  });

  it('has metrics for users who have prom-client', async () => {
    writeInto(
      user.folder,
      'm.mjs',
      `import * as m from 'etcd-leader/metrics'; console.log(Object.keys(m).length > 0);`,
    );
    expect(await node('m.mjs')).to.equal('true');
  });

  it('loads no other package into a thread that asks about leadership', async () => {
    const program = `require('etcd-leader/threads');
      const others = Object.keys(require.cache).filter((file) => !file.includes('node_modules/etcd-leader'));
      console.log(others.length);`;
    writeInto(user.folder, 'threads.js', program);
    expect(await node('threads.js')).to.equal('1'); // the program itself
  });

  it('lets nobody reach what is inside', async () => {
    const inside = `import('etcd-leader/dist/lib/election.js').catch((err) => console.log(err.code));`;
    writeInto(user.folder, 'inside.mjs', inside);
    expect(await node('inside.mjs')).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('names the line of the source in a stack trace', async () => {
    writeInto(
      user.folder,
      'stack.cjs',
      `const { Election } = require('etcd-leader'); new Election(undefined, 'jobs');`,
    );
    const { ok, output } = await runCommand(process.execPath, ['--enable-source-maps', 'stack.cjs'], {
      cwd: user.folder,
    });
    expect(ok).to.equal(false);
    expect(output).to.match(/lib\/election\.ts:\d+/);
  });

  it('has a command line', async () => {
    const { ok, output } = await runCommand(join(user.bin, 'etcd-leader'), ['--version']);
    expect(ok, output).to.equal(true);
    expect(output).to.match(/^\d+\.\d+\.\d+/);
  });

  for (const [compiler, tsc] of Object.entries(COMPILERS)) {
    for (const { name, options, files, compilers } of RESOLUTIONS) {
      if (compilers?.includes(compiler) === false) continue;
      it(`is type-checked by ${compiler} with ${name}, its declarations too`, async () => {
        for (const file of files) writeInto(user.folder, file, INSTALLED_PROGRAM);
        const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
        const compilerOptions = { ...strict, ...options, target: 'es2022', types: ['node'], noEmit: true };
        const config = { compilerOptions: { ...compilerOptions, skipLibCheck: false }, files };
        writeInto(user.folder, 'tsconfig.json', JSON.stringify(config));
        const args = [join(root, 'node_modules', tsc), '-p', '.'];
        const { ok, output } = await runCommand(process.execPath, args, { cwd: user.folder, within: 120_000 });
        expect(ok, output).to.equal(true);
      });
    }
  }
});
