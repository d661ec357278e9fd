import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Sampler } from './chaos/candidate/sampler.js';
import { Log, readLog } from './chaos/log/log.js';
import type { LogRecord } from './chaos/log/records.js';
import { tracked } from './support/track.js';

/** An election that leads, or does not lead, as the spec says. */
class Puppet {
  readonly name: string;
  token: bigint | undefined;

  constructor(name: string) {
    this.name = name;
  }

  isLeader(): boolean {
    return this.token !== undefined;
  }

  get leadership(): { readonly fencingToken: bigint } | undefined {
    return this.token === undefined ? undefined : { fencingToken: this.token };
  }
}

describe('the sampler of a chaos run', () => {
  async function written(act: (sampler: Sampler, a: Puppet, b: Puppet) => void): Promise<LogRecord[]> {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-sampler-'));
    tracked({ close: () => rmSync(folder, { recursive: true }) });
    const log = new Log(join(folder, 'ada.log'));
    const [a, b] = [new Puppet('a'), new Puppet('b')];
    const sampler = new Sampler(log, [a, b]);
    act(sampler, a, b);
    sampler.stop();
    log.close();
    const records: LogRecord[] = [];
    for await (const record of readLog(join(folder, 'ada.log'))) records.push(record);
    return records;
  }

  it('writes nothing while nobody leads', async () => {
    expect(await written((sampler) => sampler.sample())).to.deep.equal([]);
  });

  it('writes which terms were current, and between which instants it found them so', async () => {
    const records = await written((sampler, a, b) => {
      a.token = 1n;
      for (let i = 0; i < 3; i++) sampler.sample();
      b.token = 2n;
      sampler.sample();
      a.token = undefined;
      sampler.sample();
    });
    const sets = records.filter((record) => record[0] === 'S').map((record) => record[2]);
    expect(sets).to.deep.equal([
      [['a', '1']],
      [
        ['a', '1'],
        ['b', '2'],
      ],
      [['b', '2']],
    ]);
    const runs = records.filter((record) => record[0] === 'R');
    expect(runs.map(([, , , , , , samples]) => samples).reduce((sum, n) => sum + n)).to.equal(5);
    for (const [, , firstBefore, firstAfter, lastBefore, lastAfter] of runs) {
      expect(firstAfter).to.be.greaterThan(firstBefore);
      expect(lastAfter).to.be.greaterThan(lastBefore);
      expect(lastBefore).to.be.at.least(firstBefore);
    }
    for (const [i, run] of runs.entries()) expect(run[2]).to.be.at.least(runs[i - 1]?.[4] ?? 0);
  });

  it('notices a term that was over and is current again, and no later term', async () => {
    const records = await written((sampler, a) => {
      for (const token of [1n, undefined, 1n, undefined, 2n]) {
        a.token = token;
        sampler.sample();
      }
    });
    expect(records.filter((record) => record[0] === 'V').map((record) => record[2])).to.deep.equal([['a', '1']]);
  });
});
