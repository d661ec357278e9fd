import type { ChaosCandidate } from '../candidate/candidate-process.js';
import type { ChaosWorld } from '../world.js';
import { type Applied, type Apply, pickBy } from './fault.js';
import type { Draw } from './plan.js';

const LONGEST_DELAY = 1_500;
const DEAF_AFTER = 2_500;

/**
 * A fault of one candidate: the leader, when the fault is meant for the leader and the leader can be hit; else another.
 */
function on(hit: (candidate: ChaosCandidate, draw: Draw) => Applied['heal']): Apply {
  return (world: ChaosWorld, draw: Draw): Applied | undefined => {
    const candidates = world.candidates.filter((c) => c.running);
    const leader = draw.onLeader ? candidates.find((c) => c === world.leader) : undefined;
    const candidate = leader ?? pickBy(candidates, draw.roll);
    if (candidate === undefined) return undefined;
    const heal = hit(candidate, draw);
    return { target: `${candidate.name}${candidate === leader ? ' (leader)' : ''}`, heal };
  };
}

function nothing(): void {}

export const kill = on((candidate) => {
  const killed = candidate.kill();
  return async () => {
    await killed; // on a busy machine the process may outlive the fault, and would not be started again
    candidate.launch();
  };
});

export const pauseCandidate = on((candidate) => {
  candidate.pause();
  return () => candidate.resume();
});

export const blackhole = on(({ proxy }) => {
  proxy.blackhole();
  return () => proxy.restore();
});

export const blackholeOne = on(({ proxy }, { strength }) => {
  const gate = pickBy(proxy.gates, strength);
  gate?.blackhole();
  return () => gate?.restore();
});

export const cut = on(({ proxy }) => {
  proxy.cut();
  return () => proxy.restore();
});

/** Breaks connections; new ones can be made at once. */
export const reset = on(({ proxy }) => {
  proxy.cut({ on: 'existing' });
  return nothing;
});

export const deafServers = on(({ proxy }) => {
  proxy.halfOpen('requests');
  return () => proxy.restore();
});

export const deafClient = on(({ proxy }) => {
  proxy.halfOpen('replies');
  return () => proxy.restore();
});

export const latency = on(({ proxy }, { strength }) => {
  proxy.delay(20 + strength ** 2 * LONGEST_DELAY);
  return () => proxy.restore();
});

/**
 * The worst case for a leader that counts its time from replies. Replies come late, and after a while no request gets
 * through. So the reply to the last refresh that etcd served arrives when much of its time has gone.
 */
const lateAndDeaf = on(({ proxy }, { strength }) => {
  proxy.delay(300 + strength * 700);
  const timer = setTimeout(() => proxy.halfOpen('requests'), DEAF_AFTER);
  return () => {
    clearTimeout(timer);
    proxy.restore();
  };
});

export const lateThenDeaf: Apply = (world, draw) => lateAndDeaf(world, { ...draw, onLeader: true });

export const block = on((candidate, { lasts }) => {
  candidate.send({ do: 'block', ms: lasts });
  return nothing;
});

export const stopAndStart = on((candidate) => {
  candidate.send({ do: 'stop' });
  return () => candidate.send({ do: 'start' });
});

export const commandStepDown = on((candidate) => {
  candidate.send({ do: 'stepDown' });
  return nothing;
});
