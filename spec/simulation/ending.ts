import type { StoredKey } from '../support/fake-etcd/key-space.js';
import type { Contender } from './contender.js';
import type { SimulatedProcess } from './process.js';
import { tidyUp } from './tampering.js';
import { Violation } from './violation.js';
import { BELIEVED_AFTER, type SimulatedWorld } from './world.js';

/**
 * Milliseconds for what may hang on the way to the first leader after the faults: a grant, two back-offs, a silent
 * watch.
 */
const DETOURS = 12_000;
/** Milliseconds for the events and requests of one handover, when nothing is wrong. */
const HANDOVER = 1_000;
/** ms for a release that failed while etcd had no raft leader: a request without an answer, a pause, a request. */
const SECOND_ATTEMPT = 3_500;
/** Seconds: a shorter lease could end by itself in that time, though a new raft leader gives it its full TTL again. */
const LONG_LEASE = 4;
/** ms that a stream may be kept after its last use. */
const LINGERING = 150;
/** Milliseconds after which nothing is under way any more that was begun under a fault. */
const SHORTEST_CALM = 5_000;

/** The faults end. Somebody leads, everybody knows, and it stays so. Then all candidates leave, and nothing is left. */
export async function end(world: SimulatedWorld): Promise<void> {
  heal(world);
  await becomeCalm(world);
  await stayCalm(world);
  await checkFences(world);
  await sayFarewell(world);
  await world.time.advance(LINGERING);
  checkNothingRuns(world);
  await checkNothingLeft(world);
}

function heal(world: SimulatedWorld): void {
  world.story.tell('', () => 'the faults end');
  world.isCalm = true;
  world.etcd.heal();
  world.disturb(world.time.now);
  for (const [at, process] of [...world.processes.entries()]) {
    process.weather.clear();
    if (process.clock.paused) process.resume('as they came');
    if (process.isDead && world.random.chance(0.5)) world.boot(at);
    for (const contender of process.contenders) {
      contender.health = 'good';
      contender.ambush = undefined;
    }
    process.act(() => {
      for (const caller of [...process.callers]) caller.giveUp();
    });
  }
  tidyUp(world);
  if (world.living.length === 0) world.boot(0);
}

/** Starts a candidate where none runs, because an election without candidates says nothing. */
function startSomebody(world: SimulatedWorld): void {
  for (const name of world.elections) {
    const all = world.living.filter(({ electionName }) => electionName === name);
    const idle = all.find(({ election }) => election.state === 'idle');
    if (idle !== undefined && !all.some(({ election }) => election.isRunning())) {
      idle.process.act(() => {
        if (!idle.isRetired && !idle.process.isRenewing) idle.election.start();
      });
    }
  }
}

async function becomeCalm(world: SimulatedWorld): Promise<void> {
  const longest = Math.max(...world.plan.processes.map(({ ttl }) => ttl)) * 1_000;
  const isNew = world.epoch > 0 ? BELIEVED_AFTER : 0;
  const bound = 2 * longest + world.plan.etcd.electionTime + DETOURS + isNew;
  const startedAt = world.time.now;
  // This is long enough for every lease that could not be refreshed to end, and for all endings that were under way. A
  // client that asked for nothing when etcd began anew believes so only some time after it has asked again.
  await world.time.advance(longest + world.plan.etcd.electionTime + isNew);
  let problems: readonly string[] = [];
  const isGood = (): boolean => {
    if (world.violation !== undefined) return true;
    startSomebody(world);
    problems = [...problemsIn(world), ...restlessness(world)];
    return problems.length === 0;
  };
  // The check runs now and then, because it costs more than a step.
  while (!isGood() && world.time.now < startedAt + bound) await world.time.advance(100);
  if (problems.length > 0) {
    throw new Violation('f: somebody leads', `${bound} ms after the faults have ended: ${problems.join('; ')}`);
  }
  world.story.tell('', () => 'all is calm');
}

/** What keeps the world from being one in which everybody knows who leads. */
function* problemsIn(world: SimulatedWorld): Generator<string> {
  for (const { name, callers, isDead, isRenewing } of world.processes) {
    if (isDead) continue;
    for (const caller of callers) yield `${caller.name} still waits for a lock`;
    if (isRenewing) yield `${name} has not come back yet`;
  }
  for (const name of world.elections) {
    const all = world.living.filter(({ electionName }) => electionName === name);
    const leaders = all.filter(({ election }) => election.isLeader());
    const [leader] = leaders;
    const running = all.filter(({ election }) => election.isRunning());
    if (leader === undefined || leaders.length > 1) {
      const isEmpty = world.referee.queueOf(name).length === 0;
      if (running.length > 0 || !isEmpty) yield `${name} has ${leaders.length} leaders`;
      continue;
    }
    for (const contender of running) {
      if (!contender.isQueued && !contender.isBlocked) yield `${contender.name} is ${contender.election.state}`;
    }
    const [first] = world.referee.queueOf(name);
    const { fencingToken, value } = leader.election.leadership ?? {};
    if (first === undefined || first.createRevision !== fencingToken) {
      yield `${leader.name} leads, and ${first?.key ?? 'nobody'} is first`;
      continue;
    }
    if (first.value.toString() !== value) yield `${leader.name} announces ${first.value}, and believes it is ${value}`;
    for (const contender of all) yield* ignoranceOf(contender, first);
  }
}

/** What makes a leader step down soon, and what is left of candidates that have gone. */
function* restlessness(world: SimulatedWorld): Generator<string> {
  for (const leader of world.living) if (leader.election.isLeader()) yield* restlessnessOf(world, leader);
}

function* restlessnessOf(world: SimulatedWorld, { name, electionName, plan }: Contender): Generator<string> {
  const queue = world.referee.queueOf(electionName);
  const ranks = new Map(world.etcd.keys(`${electionName}!rank/`).map((kv) => [kv.lease, Number(kv.value)]));
  const [ours = 0, ...others] = queue.map(({ lease }) => ranks.get(lease) ?? 0);
  if (plan.preempt !== undefined && others.some((rank) => rank > ours)) yield `${name} is about to make way`;
  for (const [lease, rank] of ranks) {
    if (!world.processes.some(({ isDead, owns }) => !isDead && owns(lease))) continue; // it ends with its lease
    if (!queue.some((kv) => kv.lease === lease)) yield `the priority ${rank} is left without a candidate`;
  }
}

function* ignoranceOf(contender: Contender, first: StoredKey): Generator<string> {
  const { election, plan, watchers, name } = contender;
  const value = first.value.toString();
  if (contender.isQueued && plan.observe && election.currentLeader() !== value) {
    yield `${name} believes that the leader is ${election.currentLeader()}, not ${value}`;
  }
  for (const watcher of watchers) {
    if (watcher.token === first.createRevision && watcher.value === value) continue;
    yield `observe() of ${name} names ${watcher.value}, not ${value}`;
  }
}

async function stayCalm(world: SimulatedWorld): Promise<void> {
  const before = leadersOf(world);
  const longest = Math.max(...world.plan.processes.map(({ ttl }) => ttl)) * 1_000;
  await world.time.advance(Math.max(SHORTEST_CALM, longest));
  for (const [name, token] of leadersOf(world)) {
    if (!world.referee.hasRecorded(name, token))
      throw new Violation('j: history', `${name}: token ${token} is missing`);
  }
  const problems = [...problemsIn(world), ...restlessness(world)];
  if (problems.length > 0) throw new Violation('f: calm', problems.join('; '));
  for (const [name, token] of leadersOf(world)) {
    if (before.get(name) !== token) {
      throw new Violation('f: calm', `${name} has changed its leader though nothing happened`);
    }
  }
}

function leadersOf(world: SimulatedWorld): ReadonlyMap<string, bigint> {
  const leaders = world.living.filter(({ election }) => election.isLeader());
  return new Map(leaders.map((leader) => [leader.electionName, leader.election.leadership?.fencingToken ?? 0n]));
}

/** The guarded write of the leader is accepted, and the guarded writes of earlier terms are refused. */
async function checkFences(world: SimulatedWorld): Promise<void> {
  const wrong: string[] = [];
  const writes = world.living.flatMap((contender) =>
    contender.terms.map(async (term) => {
      const isPresent = term === contender.election.leadership;
      // A snapshot may bring the key of an earlier term back, and with it what its fence asks for.
      const isBack = world.etcd.get(term.key)?.createRevision === term.fencingToken;
      if (world.epoch > 0 && isBack && !isPresent) return;
      const succeeded = await contender.write(term);
      if (succeeded !== isPresent && isPresent === (term === contender.election.leadership)) {
        wrong.push(`the guarded write of ${contender.name} with ${term.fencingToken}: ${succeeded}`);
      }
    }),
  );
  await world.time.advance(500);
  await Promise.all(writes);
  if (wrong.length > 0) throw new Violation('a: fencing', wrong.join('; '));
}

async function sayFarewell(world: SimulatedWorld): Promise<void> {
  world.story.tell('', () => 'farewell');
  for (const { watchers } of world.living) for (const watcher of watchers) watcher.stop();
  if (world.plan.farewell === 'leaders first') await leadersFirst(world);
  if (world.plan.farewell === 'with the raft leader') await withTheRaftLeader(world);
  for (const process of world.processes) process.act(() => void process.leave());
  const isOver = (): boolean => world.processes.every((process) => process.isDead || process.pending.length === 0);
  const longest = Math.max(...world.plan.processes.map(({ ttl }) => ttl)) * 1_000;
  await world.time.until(isOver, longest + 3_000);
  if (world.plan.farewell === 'with the raft leader') {
    // What could not be released while etcd had no raft leader is tried again after `stop()` and `close()` have
    // resolved.
    const areReleased = (): boolean =>
      present(world).every(({ clock, connection }) => clock.timers.length + connection.open.length === 0);
    await world.time.until(areReleased, world.plan.etcd.electionTime + SECOND_ATTEMPT);
  }
  if (isOver()) return;
  const left = world.processes.flatMap(({ pending }) => pending);
  throw new Violation('g: bounded', `no end of ${left.join(', ')}`);
}

/** The leaders of all elections leave one after the other, and each is followed at once. */
async function leadersFirst(world: SimulatedWorld): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const leaders = world.living.filter(({ election }) => election.isLeader());
    const left = Promise.all(leaders.map((leader) => leader.stop()));
    let isOver = false;
    void left.then(() => {
      isOver = true;
    });
    await world.time.until(() => isOver, 10_000);
    const isFollowed = (): boolean => [...problemsIn(world)].length === 0;
    if (await world.time.until(isFollowed, HANDOVER)) continue;
    throw new Violation(
      'f: somebody leads',
      `${HANDOVER} ms after a resignation: ${[...problemsIn(world)].join('; ')}`,
    );
  }
}

/**
 * The leaders go in the moment in which etcd loses its raft leader. Their keys go long before their leases could end.
 */
async function withTheRaftLeader(world: SimulatedWorld): Promise<void> {
  const { electionTime } = world.plan.etcd;
  const leaders = world.living.filter(({ election }) => election.isLeader());
  const tokens = leaders
    .filter(({ process, worker }) => process.ttl >= LONG_LEASE && !worker.isWorking)
    .map(({ election, electionName }) => ({ electionName, token: election.leadership?.fencingToken }));
  const left = (): string[] =>
    tokens.flatMap(({ electionName, token }) => {
      const kv = world.referee.queueOf(electionName).find(({ createRevision }) => createRevision === token);
      return kv === undefined ? [] : [kv.key];
    });
  world.etcd.changeLeader();
  world.disturb(world.time.now + electionTime);
  for (const leader of leaders) void leader.stop();
  await world.time.until(() => left().length === 0, electionTime + SECOND_ATTEMPT);
  if (left().length > 0) {
    throw new Violation('g: nothing left', `${left().join(', ')}: left in the queue by candidates that have stopped`);
  }
  // What is stopped from now on is stopped in calm.
  await world.time.until(() => world.etcd.leader !== undefined, electionTime);
  world.tally.add('outcome', 'stopped with the raft leader');
}

/**
 * Streams and timers end with what they were for; a request that is on its way comes back, and its time-out with it.
 */
function checkNothingRuns(world: SimulatedWorld): void {
  for (const { connection, clock, name } of present(world)) {
    const streams = connection.open.filter((what) => /keepAlive|watch/.test(what));
    if (streams.length > 0) throw new Violation('g: nothing left', `${name} leaves ${streams.join(', ')}`);
    if (clock.timers.length > connection.open.length) {
      const timers = clock.timers.map(({ calls }) => `a timer: ${calls}`);
      throw new Violation('g: nothing left', `${name} leaves ${timers.join(', ')}`);
    }
  }
}

async function checkNothingLeft(world: SimulatedWorld): Promise<void> {
  const requests = present(world).map(({ connection }) => JSON.stringify(connection.requests));
  await world.time.advance(world.hangTimeout + 1_000);
  for (const [at, { connection, clock, name, owns }] of present(world).entries()) {
    const left = [...connection.open, ...clock.timers.map(({ calls }) => `a timer: ${calls}`)];
    if (left.length > 0) throw new Violation('g: nothing left', `${name} leaves ${left.join(', ')}`);
    if (JSON.stringify(connection.requests) !== requests[at]) {
      throw new Violation('g: nothing left', `${name} still sends requests`);
    }
    for (const { id } of world.etcd.leases()) if (owns(id)) world.tally.add('outcome', 'leases left to expire');
    for (const election of world.queues) {
      const keys = [...world.referee.queueOf(election), ...world.etcd.keys(`${election}!`)];
      // That an ask was taken is said until the lease of the ask ends, and its revocation may have been lost.
      const left = keys.find(({ key, lease }) => owns(lease) && key !== `${election}!taken`);
      if (left !== undefined) throw new Violation('g: nothing left', `${name} leaves the key ${left.key}`);
    }
  }
}

function present(world: SimulatedWorld): readonly SimulatedProcess[] {
  return world.processes.filter(({ isDead }) => !isDead);
}
