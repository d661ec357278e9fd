import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { CASES } from '../../bench/catalogue.js';
import type { BenchReport } from '../../bench/report.js';

const main = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

/** Members of a cluster are started, and ten processes: on a busy machine that takes a while. */
const WITHIN = 300_000;

async function bench(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await promisify(execFile)(process.execPath, [main, ...args], { timeout: WITHIN, maxBuffer: 2 ** 24 });
}

describe('the benchmark', () => {
  it('runs every case, and reports each contestant as JSON', async function () {
    this.timeout(WITHIN + 10_000);
    const { stdout, stderr } = await bench('--quick', '--json');
    const { results, machine, quick } = JSON.parse(stdout) as BenchReport;

    expect(quick).to.equal(true);
    expect(machine).to.include.keys('cores', 'node', 'etcd', 'members', 'dataOn');
    expect(results.map(({ id }) => id)).to.deep.equal([
      'handover-stop',
      'handover-stepdown',
      'handover-20ms',
      'crash',
      'start-ready',
      'start-own',
      'crowd-4-join',
      'crowd-4',
      'fleet-20',
      'takeover-20',
      'takeover-20-settled',
      'pool-12-cold',
      'pool-12-join',
      'pool-12-crash',
      'pool-12-rolling',
      'pool-12-surge',
      'pool-12-cold-apart',
      'pool-12-join-apart',
    ]);
    for (const { id, measurements } of results) {
      for (const who of ['etcd-leader', 'floor']) {
        const found = measurements.find((measurement) => measurement.who === who);
        expect(found?.outcome, `${who} in ${id}: ${found?.note}`).to.equal('ok');
        expect(found?.time, `${who} in ${id}`).to.include.keys('n', 'p50', 'p90', 'p99');
        // A witness says when the key of a killed leader is gone, and a candidate may hear of that before.
        const least = id === 'crash' ? -1_000 : 0;
        expect(
          found?.samples.every((ms) => ms > least && ms < 60_000),
          `${who} in ${id}: ${found?.samples}`,
        ).to.equal(true);
      }
    }
    const [handover] = results;
    // At least the guarded deletion: the join of the next round may be counted with it.
    const requests = handover?.measurements.find(({ who }) => who === 'floor')?.requests;
    expect(requests?.['Txn']).to.be.at.least(1);
    expect(stderr).to.match(/targets\n/);
  });

  it('measures elections that viewers follow, and what the viewers show of them', async function () {
    this.timeout(WITHIN + 10_000);
    const { stdout } = await bench('--quick', '--json', 'viewers');
    const { results } = JSON.parse(stdout) as BenchReport;

    const under = ['viewed-20-stop', 'viewed-20-stepdown', 'viewed-20-change'];
    expect(results.map(({ id }) => id)).to.deep.equal([...under, 'viewers-20-5']);
    for (const { id, measurements } of results) {
      const who = measurements.map(({ who: one, outcome }) => `${one}: ${outcome}`);
      expect(who, id).to.deep.equal(under.includes(id) ? ['etcd-leader: ok', 'viewed: ok'] : ['etcd-leader: ok']);
    }
    const figures = results.at(-1)?.measurements[0]?.figures;
    // Not how much etcd has grown: so few keys fit into pages that it has already.
    for (const name of ['MB of a picture', 'MB told to a client', 'top prints all ms']) {
      expect(figures?.[name], name).to.be.above(0);
    }
  });

  it('names the cases there are when it is asked for another', async () => {
    const failure = await bench('nonsense').catch((err: { readonly stderr: string }) => err);
    expect(failure.stderr).to.match(/^no such case: nonsense/);
    for (const { name } of CASES) expect(failure.stderr).to.include(name);
  });
});
