import { expect } from 'chai';
import { pino } from 'pino';
import { ElectionError } from '../lib/errors.js';
import { childLogger, GuardedLogger, type Logger } from '../lib/log.js';
import { record } from './support/story.js';
import { settle } from './support/virtual-time.js';
import { recordWarnings } from './support/warnings.js';
import { recordLog, World } from './support/world.js';

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

describe('an error in the log', () => {
  /** What a logger makes of an error of the library: as pino, it appends the messages of the causes. */
  const written = (err: ElectionError): string[] => {
    const log = recordLog();
    new GuardedLogger(log).warn({ err }, 'told');
    const messages: string[] = [];
    for (let e: unknown = log.lines[0]?.data['err']; e instanceof Error; e = e.cause) messages.push(e.message);
    return messages;
  };

  it('says once what etcd has said', () => {
    const cause = new Error('14 UNAVAILABLE: no leader');
    const err = new ElectionError('UNAVAILABLE', 'etcd did not read (no leader): trying again', { cause });
    expect(written(err)).to.deep.equal(['etcd did not read (no leader): trying again']);
    expect(err.cause).to.equal(cause);
  });

  it('says by which error of the library it was caused', () => {
    const cause = new ElectionError('UNAVAILABLE', 'not refreshed (no leader)', { cause: new Error('no leader') });
    const err = new ElectionError('LEASE_EXPIRED', 'not refreshed in time', { cause });
    expect(written(err)).to.deep.equal(['not refreshed in time', 'not refreshed (no leader)']);
  });

  it('keeps the reason of an abort, which is the user’s', () => {
    const err = new ElectionError('ABORTED', 'the caller has aborted the wait', { cause: new Error('deploy') });
    expect(written(err)).to.deep.equal(['the caller has aborted the wait', 'deploy']);
  });

  it('is written by pino with its type, code and stack, and its cause once', () => {
    const lines: string[] = [];
    const logger = new GuardedLogger(pino({}, { write: (line: string) => void lines.push(line) }));
    const cause = new Error('14 UNAVAILABLE: no leader');
    logger.error({ err: new ElectionError('UNAVAILABLE', 'not read (no leader)', { cause }) }, 'told');
    const { err } = JSON.parse(lines[0] ?? '{}');
    expect(err).to.include({ type: 'ElectionError', code: 'UNAVAILABLE', message: 'not read (no leader)' });
    expect(err.stack).to.match(/^ElectionError: not read \(no leader\)\n {4}at /);
    expect(lines[0]?.match(/no leader/g)).to.have.length(2); // in the message, and in the first line of the stack
  });
});

describe('a logger that throws', () => {
  const FAILED = 'ETCD_LEADER_LOGGER_FAILED: the logger failed: Error: the worker has exited';
  const broken = (): Logger => {
    const fail = (): never => {
      throw new Error('the worker has exited');
    };
    return { debug: fail, info: fail, warn: fail, error: fail, child: fail };
  };

  it('disturbs nobody when it is asynchronous and rejects, and is complained of once', async () => {
    const warnings = recordWarnings();
    const fail = async (): Promise<never> => {
      throw new Error('the worker has exited');
    };
    const logger = new GuardedLogger({ debug: fail, info: fail, warn: fail, error: fail });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, 'told');
    await settle();
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).to.deep.equal([FAILED]);
  });

  it('disturbs nobody, and is complained of once, be it in a child', async () => {
    const warnings = recordWarnings();
    const given = { ...recordLog(), child: broken };
    for (const logger of [new GuardedLogger(given), new GuardedLogger(given)]) {
      const child = logger.child({ election: 'jobs' });
      for (const level of ['debug', 'info', 'warn', 'error'] as const) child[level]({}, 'told');
      expect(child.child?.({})).to.equal(child);
    }
    await settle();
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).to.deep.equal([FAILED]);
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
