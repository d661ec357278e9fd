import { expect } from 'chai';
import { kill } from './chaos/nemesis/candidate-faults.js';
import { canPair, type FaultKind, KINDS, parseKinds, traitsOf } from './chaos/nemesis/kinds.js';
import { type NemesisStep, plan } from './chaos/nemesis/plan.js';
import type { ChaosWorld } from './chaos/world.js';
import { pause } from './support/wait.js';

function first(count: number, seed: number): NemesisStep[] {
  const steps = plan(seed, KINDS);
  return Array.from({ length: count }, () => steps.next().value);
}

function kindsIn(steps: readonly NemesisStep[]): FaultKind[] {
  return steps.flatMap(({ faults }) => faults.map(({ kind }) => kind));
}

describe('a plan of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(first(100, 7)).to.deep.equal(first(100, 7));
    expect(first(100, 7)).not.to.deep.equal(first(100, 8));
  });

  it('brings each kind once before any comes again, whatever the seed', () => {
    for (let seed = 0; seed < 50; seed++) {
      const kinds = kindsIn(first(60, seed));
      for (let deck = 0; deck < 2; deck++) {
        const dealt = kinds.slice(deck * KINDS.length, (deck + 1) * KINDS.length);
        expect([...dealt].sort()).to.deep.equal([...KINDS].sort());
      }
    }
  });

  it('has single faults and pairs of any two kinds, save what would keep a leader from hearing of a removal', () => {
    const pairs = first(5_000, 1).flatMap(({ faults: [a, b] }) => (b === undefined ? [] : [[a.kind, b.kind] as const]));
    expect(pairs.length).to.be.within(1_000, 4_000);
    for (const [a, b] of pairs) {
      expect(canPair(a, b)).to.equal(true);
      if (traitsOf(a).byHand) expect(b).to.be.oneOf(['compaction', 'defragmentation', 'step down']);
    }
  });

  it('keeps to the kinds that it is given', () => {
    const kinds = parseKinds('pause, lease revocation');
    const steps = plan(1, kinds);
    expect(new Set(kindsIn([steps.next().value, steps.next().value, steps.next().value]))).to.deep.equal(
      new Set(kinds),
    );
    expect(() => parseKinds('flood')).to.throw(/must name some of: kill, pause, .*; got flood$/);
  });
});

describe('a candidate that chaos kills', () => {
  it('is started again also when the process outlives the fault', async () => {
    const story: string[] = [];
    const candidate = {
      name: 'ada',
      running: true,
      kill: async () => {
        await pause(20);
        story.push('gone');
      },
      launch: () => story.push(`started after: ${story.join()}`),
    };
    const draw = { kind: 'kill', lasts: 0, onLeader: false, roll: 0, strength: 0 } as const;
    const applied = await kill({ candidates: [candidate] } as unknown as ChaosWorld, draw);
    await applied?.heal();
    expect(story).to.deep.equal(['gone', 'started after: gone']);
  });
});
