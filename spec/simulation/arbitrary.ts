import fc, { type Arbitrary } from 'fast-check';
import type {
  CandidatePlan,
  Chosen,
  Deed,
  EtcdPlan,
  FaultyRequest,
  LockPlan,
  Plan,
  ProcessPlan,
  RequestFault,
  ScheduleStep,
  TaskPlan,
} from './plan.js';

/**
 * Draws schedules, and shrinks schedules that fail: fewer steps, fewer candidates, rounder numbers, a quieter etcd. The
 * first of several alternatives is the simplest.
 */
export function plans(): Arbitrary<Plan> {
  const any = fc.array(steps(), { minLength: 4, maxLength: 24, size: 'max' });
  const early = fc
    .tuple(earlyCut(), fc.array(steps(), { maxLength: 8, size: 'max' }))
    .map(([first, rest]) => [first, ...rest]);
  const of = (processes: Arbitrary<ProcessPlan[]>, all: Arbitrary<ScheduleStep[]>): Arbitrary<Plan> =>
    fc.record({
      seed: fc.noShrink(fc.nat(2 ** 32 - 1)),
      etcd: etcds(),
      processes,
      steps: all,
      farewell: fc.constantFrom('together', 'leaders first', 'with the raft leader'),
    });
  return fc.noBias(
    fc.oneof(
      { weight: 14, arbitrary: of(fewCandidates(), any) },
      { weight: 2, arbitrary: of(fleets(), any) },
      { weight: 1, arbitrary: of(fewCandidates(), early) },
      { weight: 2, arbitrary: of(rivals(), early) },
      { weight: 1, arbitrary: of(sharers(), leavers()) },
    ),
  );
}

function etcds(): Arbitrary<EtcdPlan> {
  return fc.record({
    members: fc.integer({ min: 1, max: 3 }),
    latency: fc.constantFrom(2, 1, 10, 2, 40),
    watchDelay: fc.constantFrom(0, 5, 60),
    electionTime: fc.constantFrom(100, 1_000),
    leaseTick: fc.constantFrom(500, 1, 1),
  });
}

/** 2 to 7 candidates of one or two elections. */
function fewCandidates(): Arbitrary<ProcessPlan[]> {
  const candidates = fc.array(
    fc.record<CandidatePlan>({
      election: elections(),
      observe: mostly(true),
      startsAt: starts(),
      priority: rarely(priorities()),
      preempt: rarely(fc.constantFrom(1, 2)),
      steerable: rarely(fc.boolean()),
    }),
    { minLength: 1, maxLength: 2, size: 'max' },
  );
  return fc
    .array(processes(candidates, fc.boolean()), { minLength: 2, maxLength: 5, size: 'max' })
    .map((all) => atMost(7, all));
}

/** A first candidate that has trouble getting its lease and is elected all the same, before other candidates come. */
function rivals(): Arbitrary<ProcessPlan[]> {
  const one = (startsAt: Arbitrary<number>): Arbitrary<CandidatePlan[]> =>
    fc.record<CandidatePlan>({ election: fc.constant(0), observe: fc.constant(true), startsAt }).map((only) => [only]);
  const trouble = fc.oneof<Arbitrary<RequestFault>[]>(
    fc.record({ is: fc.constant('reply late'), by: fc.integer({ min: 50, max: 900 }) }),
    fc.record({ is: fc.constantFrom('reply lost', 'duplicated') }),
  );
  const first = fc
    .tuple(processes(one(fc.constant(0)), fc.constant(false)), trouble)
    .map(([process, firstGrant]) => ({ ...process, firstGrant }));
  const others = fc.array(processes(one(fc.integer({ min: 1_100, max: 1_900 })), fc.boolean()), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  });
  return fc.tuple(first, others).map(([process, rest]) => [process, ...rest]);
}

/** The first leader is cut off before it has refreshed its lease for the first time. */
function earlyCut(): Arbitrary<ScheduleStep> {
  const who: Chosen = { election: 0, as: 'leader' };
  return fc
    .tuple(fc.integer({ min: 200, max: 2_000 }), fc.integer({ min: 3_000, max: 9_000 }))
    .map(([wait, ms]) => ({ wait, deed: { name: 'network', who, is: 'silent', for: ms } }));
}

/** Shared sessions of one or two candidates: when these leave, the session goes on without them. */
function sharers(): Arbitrary<ProcessPlan[]> {
  const candidates = fc.array(
    fc.record<CandidatePlan>({ election: fc.nat(1), observe: mostly(true), startsAt: fc.nat(100) }),
    { minLength: 1, maxLength: 2, size: 'max' },
  );
  return fc.array(processes(candidates, fc.constant(true)), { minLength: 2, maxLength: 3, size: 'max' });
}

/** A leader leaves, and later a snapshot brings its key back: later than its session looks out for a late join. */
function leavers(): Arbitrary<ScheduleStep[]> {
  const leave = fc
    .tuple(fc.integer({ min: 200, max: 2_000 }), leaders())
    .map(([wait, who]): ScheduleStep => ({ wait, deed: { name: 'stop', who } }));
  const restore = fc
    .tuple(fc.integer({ min: 10_000, max: 12_000 }), fc.integer({ min: 1, max: 6 }), short())
    .map(([wait, from, ms]): ScheduleStep => ({ wait, deed: { name: 'new epoch', from, for: ms } }));
  return fc
    .tuple(leave, restore, fc.array(steps(), { maxLength: 4, size: 'max' }))
    .map(([first, second, rest]) => [first, second, ...rest]);
}

/** Sessions of so many elections that their transactions are sent in batches. */
function fleets(): Arbitrary<ProcessPlan[]> {
  // Many transactions are sent in batches. With more than 32 watches, some watches wait for their turn.
  const sizes = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 9, max: 13 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30, max: 40 }) },
  );
  const candidates = fc
    .tuple(sizes, fc.nat(300), fc.boolean())
    .map(([size, startsAt, observe]) =>
      Array.from({ length: size }, (_, election): CandidatePlan => ({ election, observe, startsAt })),
    );
  return fc.array(processes(candidates, fc.constant(true)), { minLength: 2, maxLength: 3, size: 'max' });
}

function processes(candidates: Arbitrary<CandidatePlan[]>, shared: Arbitrary<boolean>): Arbitrary<ProcessPlan> {
  return fc.record({
    rate: fc.constantFrom(1, 0.99, 1.01, 0.99, 1.004),
    lateness: fc.constantFrom(0, 0, 0, 15),
    ttl: fc.constantFrom(2, 3, 4, 2, 3, 8),
    deadline: fc.constantFrom('default', 'late'),
    shared,
    firstGrant: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: requestFaults() }),
    candidates,
  });
}

function atMost(most: number, all: readonly ProcessPlan[]): ProcessPlan[] {
  let left = most;
  return all.map((process) => {
    const candidates = process.candidates.slice(0, Math.max(1, left));
    left -= candidates.length;
    return { ...process, candidates };
  });
}

function starts(): Arbitrary<number | undefined> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(100) },
    { weight: 1, arbitrary: fc.nat(1_500) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

function steps(): Arbitrary<ScheduleStep> {
  const wait = fc.oneof(
    { weight: 4, arbitrary: fc.nat(20) },
    { weight: 4, arbitrary: fc.nat(700) },
    { weight: 2, arbitrary: fc.nat(4_000) },
  );
  return fc.record({ wait, deed: deeds() });
}

function deeds(): Arbitrary<Deed> {
  const who = people();
  const whom = { who };
  const of = <N extends Deed['name']>(name: N): { name: Arbitrary<N> } => ({ name: fc.constant(name) });
  const deed = (weight: number, arbitrary: Arbitrary<Deed>): { weight: number; arbitrary: Arbitrary<Deed> } => ({
    weight,
    arbitrary,
  });
  return fc.oneof(
    deed(3, fc.record({ ...of('start'), ...whom })),
    deed(4, fc.record({ ...of('stop'), ...whom })),
    deed(3, fc.record({ ...of('step down'), ...whom })),
    deed(
      3,
      fc.record({
        ...of('hand over'),
        who: fc.oneof({ weight: 3, arbitrary: leaders() }, { weight: 1, arbitrary: who }),
        to: fc.nat(5),
        past: fc.boolean(),
      }),
    ),
    deed(2, fc.record({ ...of('ask'), ...whom, to: fc.option(fc.nat(5), { nil: undefined }) })),
    deed(1, fc.record({ ...of('prioritise'), ...whom, priority: priorities() })),
    deed(2, fc.record({ ...of('restart'), ...whom, after: short() })),
    deed(2, fc.record({ ...of('proclaim'), ...whom, times: fc.integer({ min: 1, max: 3 }) })),
    deed(4, fc.record({ ...of('run'), ...whom, task: tasks() })),
    deed(1, fc.record({ ...of('await'), ...whom, patience: fc.option(spell(), { nil: undefined }) })),
    deed(1, fc.record({ ...of('observe'), ...whom, for: fc.option(spell(), { nil: undefined }) })),
    deed(1, fc.record({ ...of('ambush'), ...whom, how: fc.constantFrom('stop', 'step down', 'throw', 'reject') })),
    deed(1, fc.record({ ...of('health'), ...whom, answer: fc.constantFrom('bad', 'throws', 'hangs'), for: spell() })),
    deed(4, fc.record({ ...of('lock'), ...whom, plan: locks() })),
    deed(2, fc.record({ ...of('write'), ...whom, late: fc.boolean() })),
    deed(1, fc.record({ ...of('close'), ...whom, backAfter: short() })),
    deed(
      4,
      fc.record({
        ...of('botch'),
        ...whom,
        call: fc.constantFrom('start', 'stop', 'step down', 'proclaim'),
        fault: requestFaults(),
      }),
    ),
    deed(
      3,
      fc.record({
        ...of('dither'),
        ...whom,
        after: fc.array(fc.oneof(fc.nat(10), fc.nat(200)), { minLength: 1, maxLength: 5, size: 'max' }),
      }),
    ),
    deed(1, fc.record({ ...of('read'), ...whom })),
    deed(3, fc.record({ ...of('crash'), ...whom, backAfter: fc.option(spell(), { nil: undefined }) })),
    deed(
      4,
      fc.record({
        ...of('pause'),
        ...whom,
        for: spell(),
        order: fc.constantFrom('as they came', 'timers first', 'messages first'),
      }),
    ),
    deed(8, requests(who)),
    deed(3, fc.record({ ...of('storm'), ...whom, for: spell(), chance: fc.constantFrom(0.1, 0.3, 0.7) })),
    deed(5, fc.record({ ...of('network'), ...whom, is: fc.constantFrom('silent', 'mute', 'down'), for: spell() })),
    deed(
      6,
      fc.record({
        ...of('fade'),
        ...whom,
        lag: fc.oneof(fc.nat(10), fc.nat(400)),
        slowFor: fc.nat(2_500),
        end: fc.constantFrom('silent', 'silent', 'pause'),
        for: fc.integer({ min: 500, max: 9_000 }),
      }),
    ),
    deed(2, fc.record({ ...of('lag'), ...whom, ms: fc.integer({ min: 20, max: 900 }), for: spell() })),
    deed(
      4,
      fc.record({
        ...of('streams'),
        ...whom,
        kind: fc.constantFrom('watch', 'keepAlive'),
        are: fc.constantFrom('broken', 'silent'),
      }),
    ),
    deed(
      3,
      fc.record({
        ...of('member'),
        member: fc.nat(2),
        is: fc.constantFrom('silent', 'mute', 'down', 'isolated'),
        for: spell(),
      }),
    ),
    deed(2, fc.record({ ...of('raft leader') })),
    deed(1, fc.record({ ...of('quorum'), for: spell() })),
    deed(1, fc.record({ ...of('etcd restart'), for: short() })),
    deed(2, fc.record({ ...of('new epoch'), from: beginnings(), for: short() })),
    deed(3, fc.record({ ...of('delete key'), ...whom })),
    deed(2, fc.record({ ...of('revoke lease'), ...whom })),
    deed(1, fc.record({ ...of('revoke unnoticed'), ...whom })),
    deed(1, fc.record({ ...of('cancel watches'), ...whom })),
    deed(1, fc.record({ ...of('overwrite key'), ...whom })),
    deed(1, fc.record({ ...of('delete queue'), election: elections(), many: fc.integer({ min: 2, max: 4 }) })),
    deed(1, fc.record({ ...of('unseen end'), election: elections(), after: fc.nat(600) })),
    deed(1, fc.record({ ...of('nested key'), election: elections() })),
    deed(
      1,
      fc.record({
        ...of('forge ask'),
        election: elections(),
        says: fc.constantFrom('now', 'twice', 'stale', 'nonsense'),
      }),
    ),
    deed(2, fc.record({ ...of('foreign candidate'), election: elections(), for: fc.nat(9_000) })),
    deed(3, fc.record({ ...of('compact') })),
  );
}

function requests(who: Arbitrary<Chosen>): Arbitrary<Deed> {
  return fc.record({
    name: fc.constant('request'),
    who,
    kind: fc.constantFrom<FaultyRequest>('txn', 'txn', 'keepAlive', 'keepAlive', 'watch', 'grant', 'revoke'),
    fault: requestFaults(),
    times: fc.integer({ min: 1, max: 4 }),
  });
}

function requestFaults(): Arbitrary<RequestFault> {
  const by = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 400, max: 6_000 }));
  return fc.oneof<Arbitrary<RequestFault>[]>(
    fc.record({ is: fc.constantFrom('lost', 'reply lost', 'hung', 'refused', 'duplicated') }),
    fc.record({ is: fc.constantFrom('repeated', 'late', 'reply late'), by }),
    fc.record({ is: fc.constant('stale'), by: fc.integer({ min: 1, max: 5 }) }),
  );
}

function tasks(): Arbitrary<TaskPlan> {
  return fc.record({
    takes: fc.option(spell(), { nil: undefined }),
    // The last value is longer than any TTL, and so than any `releaseTimeout`: nobody waits for such a task to its end.
    windDown: fc.constantFrom(0, 100, 700, 3_000, 10_000),
    fails: mostly(false),
    requeue: fc.boolean(),
    abortAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(4_000) }),
  });
}

function locks(): Arbitrary<LockPlan> {
  return fc.record({
    of: fc.constantFrom('locks', 'locks', 'election'),
    how: fc.constantFrom('run', 'acquire', 'try'),
    callers: fc.integer({ min: 1, max: 3 }),
    holds: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(9_000)),
    windDown: fc.constantFrom(0, 100, 700, 3_000, 10_000),
    wait: fc.option(fc.oneof(fc.constant(0), fc.nat(5_000)), { nil: undefined }),
    patience: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(4_000) }),
    taken: rarely(fc.record({ by: fc.constantFrom('deletion', 'revocation'), after: fc.nat(1_500) })),
  });
}

function people(): Arbitrary<Chosen> {
  const as = fc.oneof<Arbitrary<Chosen['as']>[]>(
    fc.constantFrom<Chosen['as'][]>('leader', 'leader', 'next'),
    fc.nat(12),
  );
  return fc.record({ election: elections(), as });
}

function leaders(): Arbitrary<Chosen> {
  return fc.record({ election: elections(), as: fc.constant('leader' as const) });
}

function priorities(): Arbitrary<number> {
  return fc.constantFrom(0, 1, 5, -3);
}

function rarely<T>(value: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

/** Draws the first election more often than all others, because much that befalls one election tells more. */
function elections(): Arbitrary<number> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(12) });
}

/** How another history begins: with an empty folder, or with a snapshot that is so many revisions old. */
function beginnings(): Arbitrary<'nothing' | number> {
  return fc.oneof(fc.constant<'nothing'>('nothing'), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 40 }));
}

function short(): Arbitrary<number> {
  return fc.nat(500);
}

function spell(): Arbitrary<number> {
  return fc.oneof(fc.nat(300), fc.nat(2_500), fc.nat(7_000));
}

function mostly(usual: boolean): Arbitrary<boolean> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(!usual) });
}
