import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, readPage } from '../support/docs/pages.js';
import { BUILDS_WITHIN } from '../support/go-program.js';
import { buildDecoder, decode } from '../support/kubernetes-types.js';

const FOLDER = 'examples/kubernetes';
const files = readdirSync(join(ROOT, FOLDER)).filter((file) => file.endsWith('.yaml'));

describe('the types of Kubernetes', () => {
  before('build the program that has them', async function () {
    this.timeout(BUILDS_WITHIN);
    const whyNot = await buildDecoder();
    if (whyNot !== undefined) throw new Error(`these specs build a program with k8s.io/api: ${whyNot}`);
  });

  const decoded = async (yaml: string, piece?: 'v1 Container'): Promise<string> =>
    (await decode(yaml, piece).catch((err: Error) => [err.message])).join('\n');

  it('have every field of the manifests, each with its value and once', async () => {
    const found = await Promise.all(files.map(async (file) => [file, await decoded(readPage(`${FOLDER}/${file}`))]));
    expect(Object.fromEntries(found)).to.deep.equal({
      'command.yaml': 'apps/v1 Deployment ticker\npolicy/v1 PodDisruptionBudget ticker',
      'etcd-for-trying.yaml': 'apps/v1 Deployment etcd\nv1 Service etcd',
      'service.yaml': 'apps/v1 Deployment reports\nv1 Service reports\npolicy/v1 PodDisruptionBudget reports',
    });
  });

  it('have every field of the pieces that the pages show', async () => {
    const pieces = [...readPage('docs/serve.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
    expect(pieces).to.have.length(1);
    for (const piece of pieces) expect(await decoded(piece, 'v1 Container')).to.equal('v1 Container');
  });

  for (const [mistake, from, to, says] of [
    ['a field that does not exist', '  replicas: 3', '  replica: 3', /unknown field "spec\.replica"|replica/],
    ['a field in the wrong place', '  replicas: 3', '  automountServiceAccountToken: false', /automountService/],
    ['a field that stands twice', '  replicas: 3', '  replicas: 3\n  replicas: 2', /already set|duplicate/],
    ['a number as text', '  replicas: 3', '  replicas: "3"', /cannot unmarshal string/],
    ['a quantity that is none', 'cpu: 50m', 'cpu: 50 m', /quantit/],
    ['a kind that the version does not have', 'apiVersion: apps/v1', 'apiVersion: apps/v2', /no kind "Deployment"/],
  ] as const) {
    it(`do not take ${mistake}`, async () => {
      const manifest = readPage(`${FOLDER}/command.yaml`);
      expect(manifest).to.contain(from);
      expect(await decoded(manifest.replace(from, to))).to.match(says);
    });
  }
});
