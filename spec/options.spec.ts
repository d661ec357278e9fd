import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { resolveElectionOptions } from '../lib/campaign/options.js';
import { createClient, Election, ElectionError, etcdLeader, Session } from '../lib/index.js';
import { resolveSessionOptions } from '../lib/options.js';
import { tracked } from './support/track.js';

/** A client that reaches no etcd: nothing in this file asks etcd for anything. */
const client = (): Etcd3 => tracked(new Etcd3({ hosts: ['http://127.0.0.1:1'] }));

type Any = Record<string, unknown>;
const election = (options: Any | unknown, name: unknown = 'jobs', etcd: unknown = client()): Election =>
  new Election(etcd as Etcd3, name as string, options as object);

const LONG_TTL =
  '`ttl` must be 3600 seconds or less; got #. It is seconds, not milliseconds; ' +
  'if you mean a crashed leader to hold its ' +
  'place for so long, say `allowLongTtl: true`';
const SHORT_TIMEOUT = '`releaseTimeout` must be 0, or 100 milliseconds or more; got #. It is milliseconds, not seconds';

/** What is wrong, who refuses it, and the whole message: the option, the limit, the value. */
const BAD: readonly (readonly [what: string, make: () => unknown, message: string])[] = [
  ['no client', () => election({}, 'jobs', null), '`etcd` must be an Etcd3 client or a Session; got null'],
  [
    'a client of another kind',
    () => election({}, 'jobs', {}),
    '`etcd` must be an Etcd3 client or a Session; got an object (Object)',
  ],
  [
    'an address for a client',
    () => election({}, 'jobs', 'http://x:1'),
    '`etcd` must be an Etcd3 client or a Session; got "http://x:1"',
  ],
  ['an empty name', () => election({}, ''), '`name` must be a string that is not empty; got ""'],
  ['a name that is no string', () => election({}, 7), '`name` must be a string that is not empty; got 7'],
  ['a name that is missing', () => election({}, null), '`name` must be a string that is not empty; got null'],
  ['options that are no object', () => election('ttl=5'), '`options` must be an object; got "ttl=5"'],
  ['options that are null', () => election(null), '`options` must be an object; got null'],
  ['options that are an array', () => election([]), '`options` must be an object; got an array'],
  [
    'a misspelt option',
    () => election({ tll: 5 }),
    '`tll` is not an option; the options are `ttl`, `allowLongTtl`, `renewDeadline`, `logger`, `value`, `observe`, ' +
      '`healthCheck`, `releaseTimeout`, `steerable`, `priority`, `preempt`, `history`',
  ],
  ['a ttl of 1', () => election({ ttl: 1 }), '`ttl` must be a whole number of seconds, 2 or more; got 1'],
  ['a ttl of 2.5', () => election({ ttl: 2.5 }), '`ttl` must be a whole number of seconds, 2 or more; got 2.5'],
  ['a ttl of "x"', () => election({ ttl: 'x' }), '`ttl` must be a whole number of seconds, 2 or more; got "x"'],
  ['a ttl of "10"', () => election({ ttl: '10' }), '`ttl` must be a whole number of seconds, 2 or more; got "10"'],
  ['a ttl of null', () => election({ ttl: null }), '`ttl` must be a whole number of seconds, 2 or more; got null'],
  ['a negative ttl', () => election({ ttl: -5 }), '`ttl` must be a whole number of seconds, 2 or more; got -5'],
  [
    'a ttl that is no number',
    () => election({ ttl: Number.NaN }),
    '`ttl` must be a whole number of seconds, 2 or more; got NaN',
  ],
  [
    'an endless ttl',
    () => election({ ttl: Number.POSITIVE_INFINITY }),
    '`ttl` must be a whole number of seconds, 2 or more; got Infinity',
  ],
  [
    "a ttl over etcd's maximum",
    () => election({ ttl: 9_000_000_001, allowLongTtl: true }),
    '`ttl` must be 9000000000 seconds or less; got 9000000001',
  ],
  ['a ttl over an hour', () => election({ ttl: 3_601 }), LONG_TTL.replace('#', '3601')],
  ['a ttl in milliseconds', () => election({ ttl: 10_000 }), LONG_TTL.replace('#', '10000')],
  [
    'a ttl over an hour that is not allowed',
    () => election({ ttl: 10_000, allowLongTtl: false }),
    LONG_TTL.replace('#', '10000'),
  ],
  [
    'a ttl over an hour from etcdLeader',
    () => etcdLeader(client(), 'jobs', 'a', 10_000),
    LONG_TTL.replace('#', '10000'),
  ],
  [
    'allowLongTtl that is no boolean',
    () => election({ allowLongTtl: 'yes' }),
    '`allowLongTtl` must be true or false; got "yes"',
  ],
  [
    'a renewDeadline in milliseconds',
    () => election({ renewDeadline: 7_500 }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (10 s) and less than `ttl`; got 7500',
  ],
  [
    'a renewDeadline of ttl',
    () => election({ ttl: 6, renewDeadline: 6 }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (6 s) and less than `ttl`; got 6',
  ],
  [
    'a renewDeadline over ttl',
    () => election({ ttl: 6, renewDeadline: 7 }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (6 s) and less than `ttl`; got 7',
  ],
  [
    'a renewDeadline of ttl / 3',
    () => election({ ttl: 6, renewDeadline: 2 }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (6 s) and less than `ttl`; got 2',
  ],
  [
    'a renewDeadline over the default ttl',
    () => election({ renewDeadline: 10 }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (10 s) and less than `ttl`; got 10',
  ],
  [
    'a renewDeadline that is no number',
    () => election({ renewDeadline: '5' }),
    '`renewDeadline` must be a number of seconds, more than a third of `ttl` (10 s) and less than `ttl`; got "5"',
  ],
  ['a value that is a number', () => election({ value: 7 }), '`value` must be a string or a Buffer; got 7'],
  ['a value that is null', () => election({ value: null }), '`value` must be a string or a Buffer; got null'],
  [
    'a value over 1 MiB',
    () => election({ value: 'x'.repeat(1_048_577) }),
    '`value` must be 1048576 bytes or less; got 1048577',
  ],
  ['observe that is no boolean', () => election({ observe: 'no' }), '`observe` must be true or false; got "no"'],
  [
    'a healthCheck that is no function',
    () => election({ healthCheck: true }),
    '`healthCheck` must be a function; got true',
  ],
  [
    'steerable as a word',
    () => election({ steerable: 'yes' as never }),
    '`steerable` must be true or false; got "yes"',
  ],
  [
    'a priority that is no whole number',
    () => election({ priority: 1.5 }),
    '`priority` must be a whole number from -1000 to 1000; got 1.5',
  ],
  [
    'a priority that is too high',
    () => election({ priority: 1_001 }),
    '`priority` must be a whole number from -1000 to 1000; got 1001',
  ],
  ...['-1', '1.5', '1001', '"10"', 'null', 'true'].map(
    (text) =>
      [
        `history of ${text}`,
        () => election({ history: JSON.parse(text) }),
        `\`history\` must be a whole number of terms from 0 to 1000; got ${text}`,
      ] as const,
  ),
  [
    'preempt of 0',
    () => election({ preempt: 0 }),
    '`preempt` must be more than 0 and at most 3600 seconds; got 0. It is seconds, not milliseconds',
  ],
  [
    'preempt in milliseconds',
    () => election({ preempt: 30_000 }),
    '`preempt` must be more than 0 and at most 3600 seconds; got 30000. It is seconds, not milliseconds',
  ],
  [
    'preempt as a word',
    () => election({ preempt: '30' }),
    '`preempt` must be more than 0 and at most 3600 seconds; got "30". It is seconds, not milliseconds',
  ],
  [
    'a negative releaseTimeout',
    () => election({ releaseTimeout: -1 }),
    '`releaseTimeout` must be a number of milliseconds from 0 to 2147483647; got -1',
  ],
  [
    'a releaseTimeout that no timer can wait',
    () => election({ releaseTimeout: 2 ** 31 }),
    '`releaseTimeout` must be a number of milliseconds from 0 to 2147483647; got 2147483648',
  ],
  [
    'a releaseTimeout that is no number',
    () => election({ releaseTimeout: Number.NaN }),
    '`releaseTimeout` must be a number of milliseconds from 0 to 2147483647; got NaN',
  ],
  ['a releaseTimeout of 1', () => election({ releaseTimeout: 1 }), SHORT_TIMEOUT.replace('#', '1')],
  ['a releaseTimeout in seconds', () => election({ releaseTimeout: 20 }), SHORT_TIMEOUT.replace('#', '20')],
  ['a releaseTimeout just too short', () => election({ releaseTimeout: 99 }), SHORT_TIMEOUT.replace('#', '99')],
  [
    'a logger without methods',
    () => election({ logger: {} }),
    "`logger` must have the methods debug, info, warn and error, as pino's; got an object (Object)",
  ],
  [
    'a session without a client',
    () => new Session(undefined as unknown as Etcd3),
    '`etcd` must be an Etcd3 client; got undefined',
  ],
  [
    'a name with the mark of control keys',
    () => new Election(client(), 'jobs/mail!period'),
    '`name` must not contain "!"; got "jobs/mail!period"',
  ],
  [
    'a session with a ttl of 1',
    () => new Session(client(), { ttl: 1 }),
    '`ttl` must be a whole number of seconds, 2 or more; got 1',
  ],
  [
    'a session with options of an election',
    () => new Session(client(), { value: 'x' } as object),
    '`value` is not an option; the options are `ttl`, `allowLongTtl`, `renewDeadline`, `logger`',
  ],
  [
    'an election with a ttl beside its session',
    () => new Election(new Session(client()), 'jobs', { ttl: 5 }),
    '`ttl` belongs to the Session that this election uses; got 5',
  ],
  [
    'an election with allowLongTtl beside its session',
    () => new Election(new Session(client()), 'jobs', { allowLongTtl: true }),
    '`allowLongTtl` belongs to the Session that this election uses; got true',
  ],
  [
    'an election with a renewDeadline beside its session',
    () => new Election(new Session(client()), 'jobs', { renewDeadline: 5 }),
    '`renewDeadline` belongs to the Session that this election uses; got 5',
  ],
  [
    'a listener that is no function',
    () => election({}).on('elected', 'x' as unknown as () => void),
    '`listener` must be a function; got "x"',
  ],
  [
    'a client without hosts',
    () => createClient({} as { hosts: string }),
    '`hosts` must be an address such as "http://127.0.0.1:2379", or a list of them; got undefined',
  ],
  [
    'a client without options',
    () => createClient(undefined as unknown as { hosts: string }),
    '`hosts` must be an address such as "http://127.0.0.1:2379", or a list of them; got undefined',
  ],
  [
    'a client with no host',
    () => createClient({ hosts: [] }),
    '`hosts` must be an address such as "http://127.0.0.1:2379", or a list of them; got an array',
  ],
];

describe('bad input', () => {
  for (const [what, make, message] of BAD) {
    it(`is refused at once: ${what}`, () => {
      let thrown: unknown;
      try {
        make();
      } catch (err) {
        thrown = err;
      }
      expect(thrown).to.be.instanceOf(ElectionError);
      expect([(thrown as ElectionError).code, (thrown as ElectionError).message]).to.deep.equal([
        'INVALID_OPTION',
        message,
      ]);
    });
  }

  const REJECTED: readonly (readonly [what: string, call: (it: Election) => Promise<unknown>, message: string])[] = [
    [
      'elected() with a signal of another kind',
      (it) => it.elected({ signal: 1 as unknown as AbortSignal }),
      '`signal` must be an AbortSignal; got 1',
    ],
    [
      'run() without a task',
      (it) => it.run(undefined as unknown as () => void),
      '`task` must be a function; got undefined',
    ],
    [
      'run() with a signal of another kind',
      (it) => it.run(() => {}, { signal: {} as AbortSignal }),
      '`signal` must be an AbortSignal; got an object (Object)',
    ],
    [
      'proclaim() with a number',
      (it) => it.proclaim(1 as unknown as string),
      '`value` must be a string or a Buffer; got 1',
    ],
  ];
  for (const [what, call, message] of REJECTED) {
    it(`is refused with a rejection: ${what}`, async () => {
      const err = await call(election({})).catch((reason: unknown) => reason);
      expect([(err as ElectionError).code, (err as ElectionError).message]).to.deep.equal(['INVALID_OPTION', message]);
    });
  }

  it("is refused with the original package's errors by etcdLeader", () => {
    expect(() => etcdLeader(undefined as unknown as Etcd3, '/master', 'a')).to.throw('etcd is required');
    expect(() => etcdLeader(client(), '', 'a')).to.throw('node key not specified');
    expect(() => etcdLeader(client(), '/master', '')).to.throw('node name not specified');
    expect(() => etcdLeader(client(), '/master', 'a', 1)).to.throw(ElectionError, '`ttl` must be');
  });
});

describe('the limits of the options', () => {
  const GOOD: readonly (readonly [what: string, options: Any])[] = [
    ['none at all', {}],
    ['undefined for the default', { ttl: undefined, renewDeadline: undefined, value: undefined, observe: undefined }],
    ['the least ttl', { ttl: 2 }],
    ['the greatest ttl', { ttl: 3_600 }],
    ['the greatest ttl that is allowed to be long', { ttl: 9_000_000_000, allowLongTtl: true }],
    ['a short ttl that is allowed to be long', { ttl: 2, allowLongTtl: true }],
    ['the least renewDeadline', { ttl: 6, renewDeadline: 2.001 }],
    ['the greatest renewDeadline', { ttl: 6, renewDeadline: 5.999 }],
    ['an empty value', { value: '' }],
    ['the longest value', { value: Buffer.alloc(1_048_576) }],
    ['the least releaseTimeout', { releaseTimeout: 0 }],
    ['the least releaseTimeout that waits', { releaseTimeout: 100 }],
    ['the greatest releaseTimeout', { releaseTimeout: 2 ** 31 - 1 }],
  ];
  for (const [what, options] of GOOD) {
    it(`allow ${what}`, () => {
      expect(election(options).state).to.equal('idle');
    });
  }

  for (const [what, options, message] of [
    ['null', null, '`options` must be an object; got null'],
    ['a number', 5, '`options` must be an object; got 5'],
    ['a misspelt name', { sginal: AbortSignal.abort() }, '`sginal` is not an option; the options are `signal`'],
    ['a signal that is none', { signal: {} }, '`signal` must be an AbortSignal; got an object (Object)'],
  ] as const) {
    it(`refuse options of run(), elected() and observe() that are ${what}`, async () => {
      const refused = (err: unknown): void => {
        expect(err).to.be.instanceOf(ElectionError).and.to.have.property('code', 'INVALID_OPTION');
        expect((err as Error).message).to.include(message);
      };
      const idle = election({});
      for (const call of [() => idle.run(() => {}, options as never), () => idle.elected(options as never)]) {
        refused(
          await call().then(
            () => expect.fail('taken'),
            (err: unknown) => err,
          ),
        );
      }
      expect(() => idle.observe(options as never)).to.throw(message);
      expect(idle.state).to.equal('idle');
    });
  }

  it('refuse a `requeue` of run() that is neither true nor false', async () => {
    const err = await election({})
      .run(() => {}, { requeue: 'no' as never })
      .catch((e: unknown) => e);
    expect((err as Error).message).to.equal('`requeue` must be true or false; got "no"');
  });

  it('leave nothing to clean up of an election that was made but never started', () => {
    const idle = election({});
    expect([idle.state, idle.isRunning(), idle.isLeader(), idle.leadership, idle.currentLeader()]).to.deep.equal([
      'idle',
      false,
      false,
      undefined,
      undefined,
    ]);
  });
});

describe('the options of ten thousand elections', () => {
  it('are one object for those of a session that are given the same', () => {
    const session = resolveSessionOptions();
    const given = { value: 'a', observe: false, priority: 1 };
    const one = resolveElectionOptions(given, session);
    expect(resolveElectionOptions({ ...given }, session)).to.equal(one);
    expect(resolveElectionOptions({ ...given }, resolveSessionOptions())).not.to.equal(one);
    for (const change of [
      { value: 'b' },
      { observe: true },
      { priority: 2 },
      { history: 3 },
      { healthCheck: () => true },
      { steerable: false },
    ]) {
      resolveElectionOptions(given, session);
      const other = resolveElectionOptions({ ...given, ...change }, session);
      expect(other, JSON.stringify(change)).to.deep.include('value' in change ? { value: Buffer.from('b') } : change);
    }
  });
});
