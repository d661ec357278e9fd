import { Random } from '../../support/random.js';
import { canPair, type FaultKind, traitsOf } from './kinds.js';

/**
 * One fault as it is drawn. Whom it hits is settled when it happens, because it may be meant for whoever leads then.
 */
export interface Draw {
  readonly kind: FaultKind;
  /** Milliseconds. */
  readonly lasts: number;
  /** The fault is meant for the leader; else for the one that `roll` picks. */
  readonly onLeader: boolean;
  /** Picks what is to be picked, from 0 to below 1. */
  readonly roll: number;
  /** How strong the fault is, from 0 to below 1, where a fault has a strength. */
  readonly strength: number;
}

export interface NemesisStep {
  readonly number: number;
  readonly faults: readonly [Draw] | readonly [Draw, Draw];
  /** Milliseconds between the beginnings of the faults of a pair. */
  readonly stagger: number;
  /** Milliseconds of peace after the step. */
  readonly calm: number;
}

const PAIRS = 0.45;
const TOGETHER = 0.6;
const ON_LEADER = 0.65;

/**
 * The endless sequence of faults of a run, settled by the seed alone. Kinds are dealt from a shuffled deck, so that
 * each kind comes once before any comes again.
 */
export function* plan(seed: number, kinds: readonly FaultKind[]): Generator<NemesisStep, never> {
  const random = new Random(seed);
  let deck: FaultKind[] = [];
  const deal = (fits: (kind: FaultKind) => boolean): FaultKind | undefined => {
    const at = deck.findIndex(fits);
    return at < 0 ? undefined : deck.splice(at, 1)[0];
  };
  for (let number = 1; ; number++) {
    if (deck.length === 0) deck = shuffled(kinds, random);
    const first = deal(() => true) as FaultKind;
    const second = random.chance(PAIRS) ? deal((kind) => canPair(first, kind)) : undefined;
    const stagger = random.chance(0.5) ? random.between(0, 200) : random.between(200, 2_500);
    const calm = random.between(800, 3_500);
    const one = draw(first, random);
    let faults: NemesisStep['faults'] = [one];
    if (second !== undefined) {
      const other = draw(second, random);
      // Two faults that hit the same candidate do more harm than two faults that hit different candidates.
      const { onLeader, roll } = random.chance(TOGETHER) ? one : other;
      faults = [one, { ...other, onLeader, roll }];
    }
    yield { number, faults, stagger, calm };
  }
}

function draw(kind: FaultKind, random: Random): Draw {
  const [least, most] = traitsOf(kind).lasts;
  return {
    kind,
    lasts: Math.round(least + (most - least) * random.next() ** 1.5), // long faults are rarer
    onLeader: random.chance(ON_LEADER),
    roll: random.next(),
    strength: random.next(),
  };
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.map(() => {
    const item = random.pick(left);
    left.splice(left.indexOf(item), 1);
    return item;
  });
}

export function describeStep({ number, faults, stagger }: NemesisStep): string {
  const parts = faults.map(({ kind, lasts, onLeader }) => `${kind} ${lasts} ms${onLeader ? ' (leader)' : ''}`);
  return `step ${number}: ${parts.join(` + ${Math.round(stagger)} ms later `)}`;
}
