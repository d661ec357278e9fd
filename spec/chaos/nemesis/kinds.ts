/** What a kind of fault hits, and for how many milliseconds. */
interface Traits {
  readonly hits: 'candidate' | 'member' | 'etcd';
  readonly lasts: readonly [least: number, most: number];
  /** The fault takes away what the library has been promised, and a leader can be late in hearing of that. */
  readonly byHand?: true;
}

export const FAULTS = {
  kill: { hits: 'candidate', lasts: [200, 6_000] },
  pause: { hits: 'candidate', lasts: [300, 9_000] },
  blackhole: { hits: 'candidate', lasts: [1_000, 8_000] },
  'blackhole one member': { hits: 'candidate', lasts: [2_000, 8_000] },
  cut: { hits: 'candidate', lasts: [500, 6_000] },
  reset: { hits: 'candidate', lasts: [0, 500] },
  'half-open requests': { hits: 'candidate', lasts: [1_000, 8_000] },
  'half-open replies': { hits: 'candidate', lasts: [1_000, 8_000] },
  latency: { hits: 'candidate', lasts: [2_000, 8_000] },
  'late then deaf': { hits: 'candidate', lasts: [6_000, 10_000] },
  block: { hits: 'candidate', lasts: [300, 6_000] },
  'stop and start': { hits: 'candidate', lasts: [0, 3_000] },
  'step down': { hits: 'candidate', lasts: [0, 500] },
  'member kill': { hits: 'member', lasts: [500, 6_000] },
  'raft leader kill': { hits: 'member', lasts: [500, 6_000] },
  'member pause': { hits: 'member', lasts: [1_000, 8_000] },
  'raft leader pause': { hits: 'member', lasts: [1_000, 8_000] },
  'member restart': { hits: 'member', lasts: [0, 500] },
  'loss of quorum': { hits: 'member', lasts: [1_000, 6_000] },
  'cluster restart': { hits: 'member', lasts: [0, 2_000] },
  compaction: { hits: 'etcd', lasts: [0, 500] },
  defragmentation: { hits: 'etcd', lasts: [0, 500] },
  'forged plans': { hits: 'etcd', lasts: [2_000, 10_000] },
  'key deletion': { hits: 'etcd', lasts: [0, 500], byHand: true },
  'lease revocation': { hits: 'etcd', lasts: [0, 500], byHand: true },
} as const satisfies Record<string, Traits>;

export type FaultKind = keyof typeof FAULTS;

export const KINDS = Object.keys(FAULTS) as FaultKind[];

export function traitsOf(kind: FaultKind): Traits {
  return FAULTS[kind];
}

/** The faults that a cluster which somebody else runs can suffer. */
export function kindsFor(ownCluster: boolean): FaultKind[] {
  return KINDS.filter((kind) => ownCluster || traitsOf(kind).hits === 'candidate');
}

/** The faults that may come together with a removal by hand, because they do not keep a leader from hearing of it. */
const GENTLE: readonly FaultKind[] = ['compaction', 'defragmentation', 'step down'];

export function canPair(a: FaultKind, b: FaultKind): boolean {
  if (a === b) return false;
  if (traitsOf(a).byHand) return GENTLE.includes(b);
  return traitsOf(b).byHand ? GENTLE.includes(a) : true;
}

/** @throws when a kind is not known */
export function parseKinds(text: string): FaultKind[] {
  return text.split(',').map((part) => {
    const kind = KINDS.find((k) => k === part.trim());
    if (kind === undefined) throw new Error(`\`--faults\` must name some of: ${KINDS.join(', ')}; got ${part}`);
    return kind;
  });
}
