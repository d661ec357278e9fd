import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/wait.js';
import { microseconds } from '../log/clock.js';
import type { ChaosWorld } from '../world.js';
import * as candidate from './candidate-faults.js';
import * as etcd from './etcd-faults.js';
import type { Applied, Apply } from './fault.js';
import { type FaultKind, traitsOf } from './kinds.js';
import * as member from './member-faults.js';
import { type Draw, describeStep, type NemesisStep } from './plan.js';
import { forgedPlans } from './plan-faults.js';

const APPLY: Readonly<Record<FaultKind, Apply>> = {
  kill: candidate.kill,
  pause: candidate.pauseCandidate,
  blackhole: candidate.blackhole,
  'blackhole one member': candidate.blackholeOne,
  cut: candidate.cut,
  reset: candidate.reset,
  'half-open requests': candidate.deafServers,
  'half-open replies': candidate.deafClient,
  latency: candidate.latency,
  'late then deaf': candidate.lateThenDeaf,
  block: candidate.block,
  'stop and start': candidate.stopAndStart,
  'step down': candidate.commandStepDown,
  'member kill': member.memberKill,
  'raft leader kill': member.raftLeaderKill,
  'member pause': member.memberPause,
  'raft leader pause': member.raftLeaderPause,
  'member restart': member.memberRestart,
  'loss of quorum': member.quorumLoss,
  'cluster restart': member.clusterRestart,
  compaction: etcd.compaction,
  defragmentation: etcd.defragmentation,
  'forged plans': forgedPlans,
  'key deletion': etcd.keyDeletion,
  'lease revocation': etcd.leaseRevocation,
};

/**
 * Milliseconds to wait until all is well before something is removed by hand, because everybody must hear of it at
 * once.
 */
const SETTLES_WITHIN = 20_000;
const SETTLED_FOR = 2_500;
const TRIES = 3;

/** Carries out a plan, one step after the other. */
export class Nemesis {
  readonly #world: ChaosWorld;
  readonly #say: (line: string) => void;

  constructor(world: ChaosWorld, say: (line: string) => void) {
    this.#world = world;
    this.#say = say;
  }

  /** Ends with everything healed. */
  async carryOut(plan: Iterator<NemesisStep, never>, duration: number): Promise<void> {
    const endsAt = performance.now() + duration;
    while (performance.now() < endsAt) {
      const step = plan.next().value;
      if (step.faults.some(({ kind }) => traitsOf(kind).byHand)) await this.#settle();
      if (performance.now() >= endsAt) break;
      await this.#carryOut(step);
      await sleep(step.calm);
    }
  }

  async #carryOut(step: NemesisStep): Promise<void> {
    const [first, second] = step.faults;
    const targets: string[] = [];
    const run = async (draw: Draw, delay: number): Promise<Applied | undefined> => {
      await sleep(delay);
      const applied = await this.#apply(step, draw);
      targets.push(applied?.target ?? 'nobody');
      await sleep(draw.lasts);
      return applied;
    };
    const all = await Promise.all([run(first, 0), ...(second === undefined ? [] : [run(second, step.stagger)])]);
    // Both faults are healed at the end, in their order: a fault that is healed alone could heal the other one with it.
    for (const applied of all) await applied?.heal();
    this.#world.log.add(['H', microseconds(), step.number]);
    this.#world.log.flush();
    this.#say(`${describeStep(step)}: ${targets.join(', ')}`);
  }

  async #apply(step: NemesisStep, draw: Draw): Promise<Applied | undefined> {
    for (let tries = 1; tries <= TRIES; tries++) {
      const at = microseconds();
      try {
        const applied = await APPLY[draw.kind](this.#world, draw);
        if (applied === undefined) continue;
        this.#world.log.add(['F', at, step.number, draw.kind, applied.target]);
        this.#world.log.flush();
        return applied;
      } catch (err) {
        // etcd did not answer us either, because another fault is in force
        this.#say(`  ${draw.kind} failed: ${err instanceof Error ? err.message : String(err)}`);
      }
    }
    return undefined;
  }

  async #settle(): Promise<void> {
    const what = 'every election to be led';
    await until(() => this.#world.allLed, { within: SETTLES_WITHIN, what }).catch(() => {});
    await sleep(SETTLED_FOR);
  }
}
