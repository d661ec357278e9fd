import { inspect } from 'node:util';
import { expect } from 'chai';
import { Election, ElectionError, Pool, type PoolOptions } from '../../lib/index.js';
import { resolvePoolOptions } from '../../lib/pool/options.js';
import { World } from '../support/world.js';

/** The message with which the options are refused. */
function refused(options: unknown, name: unknown = 'p', source?: unknown): string {
  const world = new World();
  try {
    new Pool((source ?? world.process('a')) as never, name as string, options as PoolOptions);
  } catch (err) {
    if (err instanceof ElectionError && err.code === 'INVALID_OPTION') return err.message;
    throw err;
  }
  return 'nothing';
}

describe('the options of a pool', () => {
  for (const [options, message] of [
    [{ partitions: 0 }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got 0'],
    [{ partitions: -1 }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got -1'],
    [{ partitions: 1.5 }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got 1.5'],
    [{ partitions: 100_001 }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got 100001'],
    [{ partitions: Number.NaN }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got NaN'],
    [{ partitions: null }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got null'],
    [{ partitions: '8' }, '`partitions` must be a whole number from 1 to 100000, or a list of names; got "8"'],
    [{}, '`partitions` must be a whole number from 1 to 100000, or a list of names; got undefined'],
    [{ partitions: [] }, '`partitions` must be a list of 1 to 100000 names; got 0'],
    [{ partitions: ['a', 'b', 'a'] }, '`partitions` must name each partition once; got "a" twice'],
    [{ partitions: ['a', ''] }, '`partitions` must be names that are strings and not empty; got ""'],
    [{ partitions: ['a', 1] }, '`partitions` must be names that are strings and not empty; got 1'],
    [{ partitions: ['a!b'] }, '`partitions` must not contain "!"; got "a!b"'],
    [{ partitions: ['\ud800'] }, '`partitions` must be text that UTF-8 can write; got "\\ud800"'],
    [{ partitions: 1, member: '' }, '`member` must be a string that is not empty; got ""'],
    [{ partitions: 1, member: 7 }, '`member` must be a string that is not empty; got 7'],
    [{ partitions: 1, weight: -1 }, '`weight` must be a number, 0 or more; got -1'],
    [{ partitions: 1, weight: Number.NaN }, '`weight` must be a number, 0 or more; got NaN'],
    [{ partitions: 1, weight: Number.POSITIVE_INFINITY }, '`weight` must be a number, 0 or more; got Infinity'],
    [{ partitions: 1, weight: '1' }, '`weight` must be a number, 0 or more; got "1"'],
    [{ partitions: 1, settle: '1' }, '`settle` must be a number of milliseconds from 0 to 2147483647; got "1"'],
    [{ partitions: 1, settle: -1 }, '`settle` must be a number of milliseconds from 0 to 2147483647; got -1'],
    [
      { partitions: 1, settle: 2 },
      '`settle` must be 0, or 10 milliseconds or more; got 2. It is milliseconds, not seconds',
    ],
    [
      { partitions: 1, handoffTimeout: 10 },
      '`handoffTimeout` must be a number of milliseconds from 100 to 2147483647; got 10',
    ],
    [
      { partitions: 1, handoffTimeout: 99.9 },
      '`handoffTimeout` must be a number of milliseconds from 100 to 2147483647; got 99.9',
    ],
    [{ partitions: 1, concurrency: 0 }, '`concurrency` must be a whole number, 1 or more; got 0'],
    [{ partitions: 1, concurrency: 1.5 }, '`concurrency` must be a whole number, 1 or more; got 1.5'],
    [{ partitions: 1, coordinate: 1 }, '`coordinate` must be true or false; got 1'],
    [{ partitions: 1, ttl: 1 }, '`ttl` must be a whole number of seconds, 2 or more; got 1'],
    [{ partitions: 1, healthCheck: true }, '`healthCheck` must be a function; got true'],
  ] as const) {
    it(`are refused by name: ${inspect(options)}`, () => {
      expect(refused(options)).to.equal(message);
    });
  }

  it('are refused when they are more names than 100,000, or more than a mebibyte of them', () => {
    const names = Array.from({ length: 100_001 }, (_, at) => `${at}`);
    expect(refused({ partitions: names })).to.equal('`partitions` must be a list of 1 to 100000 names; got 100001');
    expect(refused({ partitions: names.slice(1) })).to.equal('nothing');
    const long = ['x'.repeat(1024 * 1024)];
    expect(refused({ partitions: long })).to.equal('`partitions` must be 1048576 bytes or less in JSON; got 1048580');
  });

  it('are refused when they are unknown, or no object', () => {
    expect(refused({ partitions: 1, partition: 2 })).to.match(
      /^`partition` is not an option; the options are `partitions`, `member`/,
    );
    expect(refused({ partitions: 1, observe: true })).to.match(/^`observe` is not an option/);
    expect(refused(undefined)).to.equal('`options` must be an object; got undefined');
    expect(refused({ partitions: 1 }, '')).to.equal('`name` must be a string that is not empty; got ""');
    expect(refused({ partitions: 1 }, 'a!b')).to.equal('`name` must not contain "!"; got "a!b"');
    expect(refused({ partitions: 1 }, 'p', {})).to.match(/^`etcd` must be an Etcd3 client or a Session/);
  });

  it('are refused when they belong to the session', () => {
    const { session } = new World().session('a');
    expect(refused({ partitions: 1, ttl: 5 }, 'p', session)).to.match(/^`ttl` belongs to the Session/);
  });

  it('have defaults', () => {
    const pool = new Pool(new World().process('a'), 'p', { partitions: 1 });
    expect(pool.member).to.match(/^.+:\d+$/);
    expect([
      pool.name,
      pool.state,
      pool.owned.size,
      pool.isRunning(),
      pool.isCoordinator(),
      pool.owns(0),
    ]).to.deep.equal(['p', 'idle', 0, false, false, false]);
  });

  it('have the defaults that the docstrings say', () => {
    const { options } = new World().session('a', { ttl: 7 }).session.parts;
    expect(resolvePoolOptions({ partitions: 1 }, options)).to.include({
      weight: 1,
      settle: 1_000,
      handoffTimeout: 7_000,
      concurrency: 16,
      coordinate: true,
      releaseTimeout: 7_000,
    });
  });

  it('name one pool of a session only, until that has stopped', async () => {
    const world = new World();
    const { session } = world.session('a');
    const first = new Pool(session, 'p', { partitions: 1 });
    expect(refused({ partitions: 1 }, 'p', session)).to.match(/^`name` is that of another pool of this session/);
    expect(refused({ partitions: 1 }, 'q', session)).to.equal('nothing');
    await first.stop();
    const second = new Pool(session, 'p', { partitions: 1 });
    await second.stop();
  });

  it('name one pool of a session also when one that has stopped is started again', async () => {
    const world = new World();
    const { session } = world.session('a');
    const first = new Pool(session, 'p', { partitions: 1, member: 'first' });
    await world.settled(first.stop());
    const second = new Pool(session, 'p', { partitions: 1, member: 'second' }).start();
    await world.until(() => second.owned.size === 1, 'the second owns all');
    const codes: string[] = [];
    first.on('error', ({ code }) => codes.push(code));
    first.start();
    await world.advance(5_000);
    expect([codes, first.state, first.owned.size, second.owned.size]).to.deep.equal([
      ['INVALID_OPTION'],
      'joining',
      0,
      1,
    ]);
    await world.settled(second.stop());
    await world.until(() => first.owned.size === 1, 'the first has its turn');
    await world.settled(session.close());
  });

  it('name no election of the session', async () => {
    const world = new World();
    const { session } = world.session('a');
    const election = new Election(session, 'p');
    await world.queued(election);
    expect(refused({ partitions: 1 }, 'p', session)).to.match(/^`name` is that of an election of this session/);
    await world.settled(election.stop());
    const pool = new Pool(session, 'p', { partitions: 1 }).start();
    const codes: string[] = [];
    election.on('error', ({ code }) => codes.push(code));
    await world.until(() => pool.owned.size === 1, 'it owns all');
    election.start();
    await world.advance(100);
    expect([codes, election.state]).to.deep.equal([['INVALID_OPTION'], 'joining']);
    await world.settled(session.close());
  });

  it('are checked in calls too', async () => {
    const world = new World();
    const pool = new Pool(world.process('a'), 'p', { partitions: 1 });
    expect(await world.refusal(pool.setWeight(-1))).to.equal('INVALID_OPTION');
    expect(await world.refusal(pool.owner(-1))).to.equal('INVALID_OPTION');
    expect(await world.refusal(pool.owner(1.5))).to.equal('INVALID_OPTION');
    expect(() => pool.owns('')).to.throw('`partition` must be a name that is not empty, or a whole number, 0 or more');
    expect(() => pool.observe({ signal: 1 as never })).to.throw('`signal` must be an AbortSignal');
    expect(() => pool.on('gained', 1 as never)).to.throw('`listener` must be a function');
    await world.settled(pool.setWeight(2));
  });
});
