import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { childLogger, GuardedLogger, type Logger } from '../lib/log.js';
import { record } from './support/story.js';
import { tracked } from './support/track.js';
import { settle } from './support/virtual-time.js';
import { recordLog, World } from './support/world.js';

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

describe('a logger that throws', () => {
  const broken = (): Logger => {
    const fail = (): never => {
      throw new Error('the worker has exited');
    };
    return { debug: fail, info: fail, warn: fail, error: fail, child: fail };
  };

  it('disturbs nobody, and is complained of once, be it in a child', async () => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    tracked({ close: () => process.off('warning', listen) });
    const given = { ...recordLog(), child: broken };
    for (const logger of [new GuardedLogger(given), new GuardedLogger(given)]) {
      const child = logger.child({ election: 'jobs' });
      for (const level of ['debug', 'info', 'warn', 'error'] as const) child[level]({}, 'told');
      expect(child.child?.({})).to.equal(child);
    }
    await settle();
    expect(warnings).to.deep.equal(['the logger failed: Error: the worker has exited']);
  });

  it('keeps no candidate from leading, losing, and leaving', async () => {
    const world = new World();
    const { election, store } = world.candidate('a', { logger: broken() });
    const story = record(election, ['elected', 'unelected', 'error']);
    election.on('elected', () => {
      throw new Error('mine');
    });
    await world.queued(election);
    world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
    await world.until(() => election.isLeader() && story.length === 3, 'it leads again');
    await world.settled(election.stop());
    expect(story.map((line) => line.replace(/ with token.*/, ''))).to.deep.equal([
      'elected',
      'unelected: LEASE_LOST',
      'elected',
      'unelected: STOPPED',
    ]);
    expect([store.open, world.etcd.keys()]).to.deep.equal([[], []]);
  });
});
