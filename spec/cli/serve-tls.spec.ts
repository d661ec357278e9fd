import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before } from 'mocha';
import { candidate, leading } from '../support/candidates.js';
import { Authority } from '../support/security/certificates.js';
import { startHaproxyForTls, startNginxForTls } from '../support/serve/balancers.js';
import { EventFollower, type HttpRequestOptions, sendRequest } from '../support/serve/http.js';
import { serving } from '../support/serve/serving.js';
import { SECRET } from '../support/serve/site.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const PROXIES = [
  { name: 'nginx', start: startNginxForTls },
  { name: 'HAProxy', start: startHaproxyForTls },
] as const;

describe('TLS before etcd-leader serve, as docs/serve.md has it', () => {
  const cluster = sharedCluster();
  let authority: Authority;

  before(async () => {
    authority = await Authority.create();
  });

  after(() => authority.close());

  for (const { name: proxy, start } of PROXIES) {
    it(`is ended by ${proxy}: with the token the page, the JSON and the stream come as they are told`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-token-'));
      tracked({ close: () => rmSync(folder, { recursive: true }) });
      const file = join(folder, 'token');
      writeFileSync(file, `${SECRET}\n`);
      const prefix = `${uniqueName('cli-serve')}/`;
      const election = candidate(cluster().hosts, `${prefix}mail`, { value: 'web-1' });
      await leading(election);
      const args = [prefix, '--token-file', file, '--host', 'leaders.example.com'];
      const { port, program } = await serving(args, { hosts: cluster().hosts });
      const { cert = '', key = '' } = await authority.member();
      const { url } = await start({ port, cert, key });
      const options = (headers: object): HttpRequestOptions => ({
        ca: authority.certificate,
        headers: { host: 'leaders.example.com', ...headers },
      });
      const withToken = options({ authorization: `Bearer ${SECRET}` });
      const status = async (path: string, asked: HttpRequestOptions): Promise<number> =>
        (await sendRequest(url, path, asked)).status;

      await until(async () => (await status('/healthz', options({})).catch(() => 0)) === 200, { what: `${proxy}` });
      expect(await status('/', options({}))).to.equal(200);
      expect(await status('/api/elections', options({}))).to.equal(401);
      const origin = { origin: 'https://leaders.example.com', authorization: `Bearer ${SECRET}` };
      expect(await status('/api/elections', options(origin))).to.equal(200);
      expect(await status('/api/elections', options({ ...origin, origin: 'https://evil.example.com' }))).to.equal(403);
      expect(await status('/', options({ host: 'evil.example.com' }))).to.equal(403);
      expect(await status(`/leader/${prefix}mail?value=web-1`, withToken)).to.equal(200);

      const follower = await EventFollower.at(url, withToken);
      await follower.event('picture', ({ elections }) => elections[0]?.leader?.value === 'web-1');
      await election.stop();
      await follower.event('changed', ({ elections }) => elections[0]?.leader === null);
      expect(program.stderr.text).to.not.match(/without TLS|there is no token/);
    });
  }
});
