import { expect } from 'chai';
import { get } from '../support/cluster/http.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';

describe('the shared cluster', () => {
  const cluster = sharedCluster();

  it('answers on every member', async () => {
    const answers = await Promise.all(cluster().hosts.map((host) => get(`${host}/health`)));
    for (const answer of answers) expect(answer).to.include('"health":"true"');
  });

  it('is one and the same everywhere', () => {
    expect(cluster()).to.equal(cluster());
  });

  it('has a name for everybody', () => {
    expect(uniqueName()).not.to.equal(uniqueName());
  });
});
