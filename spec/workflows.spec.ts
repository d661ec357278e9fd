import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MATRIX_COLUMNS, NODE_RELEASES } from '../scripts/matrix/columns.js';
import { warningOf } from './support/cluster/release.js';
import { LINES } from './support/cluster/releases.js';
import { type CommandOutcome, runCommand } from './support/cluster/run.js';
import { ROOT, readPage } from './support/docs/pages.js';
import { tracked } from './support/track.js';
import { readYaml, Yaml } from './support/yaml.js';

describe('the workflow', () => {
  const [ci = new Yaml(undefined)] = readYaml('.github/workflows/ci.yml');
  const jobs = new Map(ci.at('jobs').entries);
  const steps = [...jobs.values()].flatMap((job) => job.at('steps').items);
  const commands = (of: readonly Yaml[]): string[] =>
    of.map((step) => step.at('run').value).filter((command) => typeof command === 'string');

  it('has the columns of the matrix: every Node.js with every line of etcd, and those that are no pair', () => {
    const matrix = jobs.get('pair')?.at('strategy', 'matrix');
    expect(matrix?.at('node').value).to.deep.equal([...NODE_RELEASES]);
    const releases = matrix?.at('etcd').items.map((version) => version.text) ?? [];
    expect(releases.map((release) => release.replace(/\.\d+$/, ''))).to.deep.equal([...LINES]);
    expect(releases.map(warningOf), 'known faults').to.deep.equal(LINES.map(() => undefined));
    const paired = [...LINES.map((line) => `etcd-${line}`), ...NODE_RELEASES.map((release) => `node-${release}`)];
    const others = MATRIX_COLUMNS.map(({ name }) => name).filter((name) => !paired.includes(name));
    expect(commands(jobs.get('other-columns')?.at('steps').items ?? []).at(-1)).to.equal(
      `npm run test:matrix -- --short --only ${others.join(',')}`,
    );
  });

  it('runs scripts that are there, and actions of ours that are there', () => {
    const { scripts } = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const names = commands(steps).flatMap((command) =>
      [...command.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name),
    );
    expect(names).to.not.be.empty;
    expect(Object.keys(scripts)).to.include.members(names);
    for (const uses of steps.map((step) => step.at('uses').value)) {
      if (typeof uses !== 'string' || !uses.startsWith('./')) continue;
      expect(readYaml(join(uses, 'action.yml'))[0]?.at('runs', 'using').value).to.equal('composite');
    }
  });

  it('keeps a list of what users get with a release, made before npm has it', () => {
    const release = jobs.get('release')?.at('steps').items ?? [];
    const made = release.findIndex((step) => /^npm sbom --omit=dev --sbom-format=cyclonedx/.test(step.at('run').text));
    const kept = release.findIndex((step) => /^actions\/upload-artifact@/.test(step.at('uses').text));
    const published = release.findIndex((step) => /^npm publish/.test(step.at('run').text));
    expect(made).to.be.at.least(0);
    expect(kept).to.equal(made + 1);
    expect(published).to.be.greaterThan(kept);
  });

  it('releases with provenance, by a tag alone, and only what has passed', () => {
    const release = jobs.get('release');
    expect(release?.at('if').value).to.equal("startsWith(github.ref, 'refs/tags/v')");
    expect(release?.at('needs').value).to.deep.equal([...jobs.keys()].filter((job) => job !== 'release'));
    expect(release?.at('permissions').value).to.deep.equal({ contents: 'read', 'id-token': 'write' });
    expect(commands(release?.at('steps').items ?? []).at(-1)).to.match(/^npm publish --provenance /);
    expect(ci.at('permissions').value).to.deep.equal({ contents: 'read' });
  });
});

// The runners of the workflow are Linux.
if (process.platform === 'linux') {
  describe('the action that gets etcd', () => {
    const RELEASE = 'v3.7.3';
    const NAME = `etcd-${RELEASE}-linux-amd64`;
    const [action = new Yaml(undefined)] = readYaml('.github/actions/etcd/action.yml');
    const [step = new Yaml(undefined)] = action.at('runs', 'steps').items;
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
      tracked({ close: () => rmSync(folder, { recursive: true }) });
    });

    /** Runs the step as a runner does, with an archive in the form of etcd's, and with copies instead of downloads. */
    async function carryOut(checksum?: string): Promise<CommandOutcome> {
      const [archives, temp] = [join(folder, 'archives'), join(folder, 'temp')];
      for (const made of [archives, temp, join(folder, NAME, 'Documentation')]) mkdirSync(made, { recursive: true });
      for (const program of ['etcd', 'etcdctl']) {
        writeFileSync(join(folder, NAME, program), '#!/bin/sh\necho "etcd Version: 3.7.3"\n', { mode: 0o755 });
      }
      const archive = join(archives, `${NAME}.tar.gz`);
      const packed = await runCommand('tar', ['-czf', archive, '-C', folder, NAME]);
      expect(packed.ok, packed.output).to.equal(true);
      const sum = checksum ?? createHash('sha256').update(readFileSync(archive)).digest('hex');
      const sums = [`${'0'.repeat(64)}  etcd-${RELEASE}-darwin-amd64.zip`, `${sum}  ${NAME}.tar.gz`];
      writeFileSync(join(archives, 'SHA256SUMS'), `${sums.join('\n')}\n`);
      const env = { ...process.env, VERSION: RELEASE, RUNNER_TEMP: temp, ARCHIVES: archives };
      const files = { GITHUB_ENV: join(folder, 'env'), GITHUB_PATH: join(folder, 'path') };
      const script = `curl() { cp "$ARCHIVES"/* .; }\n${step.at('run').text}`;
      return await runCommand('bash', ['-e', '-o', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...env, ...files },
      });
    }

    it('unpacks it, and tells the specs where it is', async () => {
      const { ok, output } = await carryOut();
      expect(ok, output).to.equal(true);
      expect(output).to.match(/etcd Version: 3\.7\.3$/);
      const unpacked = join(folder, 'temp', 'etcd');
      expect(readFileSync(join(folder, 'env'), 'utf8')).to.equal(`ETCD_BIN=${join(unpacked, 'etcd')}\n`);
      expect(readFileSync(join(folder, 'path'), 'utf8')).to.equal(`${unpacked}\n`);
      expect(existsSync(join(unpacked, 'etcdctl'))).to.equal(true);
    });

    it('fails when the archive is not the one that etcd has listed', async () => {
      const { ok, output } = await carryOut('1'.repeat(64));
      expect([ok, existsSync(join(folder, 'env'))], output).to.deep.equal([false, false]);
    });
  });
}

describe('the Dockerfile', () => {
  const lines = readPage('Dockerfile').split('\n');
  const copied = lines
    .flatMap((line) => (/^COPY (?!--from)(.+) \S+$/.exec(line)?.[1] ?? '').split(' '))
    .filter(Boolean);

  it('copies what is there and what .dockerignore lets through', () => {
    const passed = readPage('.dockerignore').split('\n');
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).to.equal(true);
      expect(
        passed.filter((line) => line === `!${path}` || line.startsWith(`!${path}/`)),
        path,
      ).to.have.length(1);
    }
  });

  it('ends each image as somebody else than root, with tini before Node.js', () => {
    const images = lines.filter((line) => line.startsWith('ENTRYPOINT'));
    expect(images).to.have.length(2);
    for (const image of images) expect(image).to.contain('["/usr/bin/tini", "--", "node", ');
    expect(lines.filter((line) => line === 'USER 1000:1000')).to.have.length(2);
  });
});
