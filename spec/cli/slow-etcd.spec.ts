import { expect } from 'chai';
import { openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { stopwatch } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sendRequest } from '../support/serve/http.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** A hundred heads are read in a request, one request after the other. */
const ELECTIONS = 2_000;
/** Milliseconds each way: far below what a person waits for one answer, also on a busy machine. */
const DELAY = 125;
/** Milliseconds after which a person is told that etcd does not answer. */
const PATIENCE = 4_200;
/** Milliseconds: 21 requests of 0.25 s, on a machine that may be busy. */
const SLOW = 120_000;

describe('an etcd that answers slowly', () => {
  const cluster = sharedCluster();
  let prefix: string;
  let proxy: TcpProxy;

  beforeEach(async () => {
    prefix = `${uniqueName('slow')}/`;
    const client = openClient(cluster().hosts);
    const lease = client.lease(600, { autoKeepAlive: false });
    const id = BigInt(await lease.grant()).toString(16);
    for (let at = 0; at < ELECTIONS; at += 100) {
      const puts = Array.from({ length: 100 }, (_, n) => lease.put(`${prefix}job-${at + n}/${id}`).value('web-1'));
      await client
        .if(prefix, 'Version', '==', 0)
        .then(...puts)
        .commit();
    }
    proxy = tracked(await TcpProxy.to(cluster().hosts));
    proxy.delay(DELAY);
  });

  it('is not called silent by `top`, which reads two thousand elections for longer than a person waits', async () => {
    const elapsed = stopwatch();
    const program = CliProgram.start(['top', prefix], { hosts: proxy.hosts });
    await program.stdout.line(/job-1999\b.*web-1/, SLOW);
    expect(elapsed()).to.be.greaterThan(PATIENCE);
    expect(program.stderr.text).to.equal('');
  });

  it('is not called silent by `serve`, which reads two thousand elections for longer than a person waits', async () => {
    const elapsed = stopwatch();
    const program = CliProgram.start(['serve', prefix, '--listen', '127.0.0.1:0'], { hosts: proxy.hosts });
    const url = (await program.stdout.line(/^listening on http:/, SLOW)).replace('listening on ', '');
    await until(async () => (await sendRequest(url, '/api/elections')).json?.elections?.length === ELECTIONS, {
      within: SLOW,
      what: 'all elections',
    });
    expect(elapsed()).to.be.greaterThan(PATIENCE);
    expect(program.stderr.text).to.equal('');
  });
});
