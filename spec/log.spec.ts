import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { childLogger } from '../lib/log.js';
import { recordLog } from './support/world.js';

const run = promisify(execFile);
const LOG = new URL('../lib/log.js', import.meta.url).href;

describe('the default logger', () => {
  /** The level of each line that a process of its own writes. */
  const levels = async (level?: string): Promise<number[]> => {
    const program = `
      import { defaultLogger } from ${JSON.stringify(LOG)};
      for (const level of ['debug', 'info', 'warn', 'error']) defaultLogger()[level]({ n: 1 }, 'told');`;
    const { ETCD_LEADER_LOG: _, ...env } = process.env;
    if (level !== undefined) env['ETCD_LEADER_LOG'] = level;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { env });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const { level: number, name, msg, n } = JSON.parse(line);
      expect({ name, msg, n }).to.deep.equal({ name: 'etcd-leader', msg: 'told', n: 1 });
      return number as number;
    });
  };

  for (const [level, told] of [
    [undefined, []],
    ['silent', []],
    ['debug', [20, 30, 40, 50]],
    ['warn', [40, 50]],
    ['wran', []],
    ['toString', []],
    ['', []],
  ] as const) {
    it(`tells ${told.length} of 4 lines when ETCD_LEADER_LOG is ${level === undefined ? 'not set' : `"${level}"`}`, async () => {
      expect(await levels(level)).to.deep.equal(told);
    });
  }
});

describe('the logger of a part', () => {
  it("is a child with the part's identity", () => {
    const child = recordLog();
    const seen: object[] = [];
    const logger = {
      ...recordLog(),
      child: (bindings: Record<string, unknown>) => {
        seen.push(bindings);
        return child;
      },
    };
    expect(childLogger(logger, { election: 'jobs' })).to.equal(child);
    expect(seen).to.deep.equal([{ election: 'jobs' }]);
  });

  it('is the logger itself when that knows no children', () => {
    const logger = recordLog();
    expect(childLogger(logger, { election: 'jobs' })).to.equal(logger);
  });
});
