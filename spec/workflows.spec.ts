import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { COLUMNS, NODE_RELEASES } from '../scripts/matrix/columns.js';
import { warningOf } from './support/cluster/release.js';
import { LINES } from './support/cluster/releases.js';
import { ROOT, readPage } from './support/docs/pages.js';
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
    const others = COLUMNS.map(({ name }) => name).filter((name) => !paired.includes(name));
    expect(commands(jobs.get('other-columns')?.at('steps').items ?? []).at(-1)).to.equal(
      `npm run test:matrix -- --short --only ${others.join(',')}`,
    );
  });

  it('runs scripts that are there, and actions of ours that are there', () => {
    const { scripts } = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const run = commands(steps).flatMap((command) =>
      [...command.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name),
    );
    expect(run).to.not.be.empty;
    expect(Object.keys(scripts)).to.include.members(run);
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
