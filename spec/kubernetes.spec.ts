import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { brokenLinks } from './support/docs/links.js';
import { missingFiles, ROOT, readPage } from './support/docs/pages.js';
import { readYaml, type Yaml } from './support/yaml.js';

const FOLDER = 'examples/kubernetes';
const files = readdirSync(join(ROOT, FOLDER)).filter((file) => file.endsWith('.yaml'));
const all = files.flatMap((file) => readYaml(`${FOLDER}/${file}`));

function ofKind(kind: string, from: readonly Yaml[] = all): Yaml[] {
  return from.filter((one) => one.at('kind').value === kind);
}

function labels(deployment: Yaml): unknown {
  return deployment.at('spec', 'template', 'metadata', 'labels').value;
}

function container(deployment: Yaml): Yaml {
  return deployment.at('spec', 'template', 'spec', 'containers', 0);
}

describe('the manifests for Kubernetes', () => {
  const workers = ofKind('Deployment').filter((one) => one.at('metadata', 'name').value !== 'etcd');
  const service = 'examples/fastify.ts';

  it('are two Deployments of three replicas whose work is done by one, and an etcd', () => {
    expect(workers.map((one) => one.at('spec', 'replicas').value)).to.deep.equal([3, 3]);
    expect(ofKind('Deployment')).to.have.length(3);
  });

  it('select what they make', () => {
    const made = ofKind('Deployment').map(labels);
    for (const one of ofKind('Deployment')) {
      expect(one.at('spec', 'selector', 'matchLabels').value).to.deep.equal(labels(one));
    }
    for (const one of ofKind('Service')) expect(made).to.deep.include(one.at('spec', 'selector').value);
    const budgets = ofKind('PodDisruptionBudget').map((one) => one.at('spec', 'selector', 'matchLabels').value);
    expect(budgets).to.have.deep.members(workers.map(labels));
  });

  it('run as somebody else than root, from images with a version', () => {
    for (const one of workers) {
      expect(one.at('spec', 'template', 'spec', 'securityContext', 'runAsNonRoot').value).to.equal(true);
      expect(one.at('spec', 'template', 'spec', 'securityContext', 'runAsUser').number).to.be.above(0);
    }
    for (const one of ofKind('Deployment')) expect(container(one).at('image').text).to.match(/:v?\d+\.\d+\.\d+$/);
  });

  describe('of the service', () => {
    const [deployment] = ofKind('Deployment', readYaml(`${FOLDER}/service.yaml`));
    if (deployment === undefined) throw new Error('there is no Deployment');
    const env = new Map(
      container(deployment)
        .at('env')
        .items.map((one) => [one.at('name').text, one.at('value')]),
    );

    it('give the service more time to end than it can take', () => {
      const needed = (env.get('DRAIN')?.number ?? NaN) + (env.get('RELEASE_TIMEOUT')?.number ?? NaN) + 1;
      const grace = deployment.at('spec', 'template', 'spec', 'terminationGracePeriodSeconds').number;
      expect(grace).to.be.above(needed + 2);
    });

    it('set only variables that the service reads', () => {
      const source = readPage(service);
      expect([...env.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).to.deep.equal([]);
    });

    it('probe only paths that the service serves, for liveness without etcd', () => {
      const source = readPage(service);
      const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => container(deployment).at(name));
      for (const probe of probes) expect(source).to.contain(`app.get('${probe.at('httpGet', 'path').text}'`);
      expect(probes.map((probe) => probe.at('httpGet', 'port').value)).to.deep.equal(['http', 'http', 'http']);
      expect(source).to.contain("app.get('/healthz', async () => ({ status: 'alive' }));");
      expect(probes[2]?.at('httpGet', 'path').value).to.equal('/healthz');
    });
  });

  it('are explained by pages whose links lead somewhere', () => {
    for (const page of [`${FOLDER}/README.md`, 'examples/README.md']) {
      expect([...brokenLinks(page), ...missingFiles(page)]).to.deep.equal([]);
    }
  });
});
