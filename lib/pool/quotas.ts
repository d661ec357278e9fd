/** What a member's quota depends on. */
export interface Share {
  /** 0 or more. */
  readonly weight: number;
  /**
   * How many partitions the member keeps if it may. If two remainders are equal, the member that holds more partitions
   * goes first.
   */
  readonly held: number;
  /** The most partitions that the member can take. */
  readonly most: number;
}

/** Two fractions that differ by less are the same: weights such as 0.1 are not exact. */
const SAME = 1e-9;

/**
 * How many of `total` partitions each member is to have, in proportion to the weights. What remains after the division
 * goes one by one to the largest remainders, and among equal remainders to those that hold more already: then nobody
 * has to give a partition away that somebody else of the same weight would be given.
 *
 * The sum is `total`, or less when the members can not take so many.
 */
export function quotasOf(total: number, shares: readonly Share[]): number[] {
  const quotas = shares.map(() => 0);
  let open = shares.map((_, at) => at).filter((at) => weightOf(shares, at) > 0 && mostOf(shares, at) > 0);
  let left = total;
  // Members whose share is more than they can take get what they can take, and the others share the rest.
  for (;;) {
    const weights = open.reduce((sum, at) => sum + weightOf(shares, at), 0);
    const full = open.filter((at) => (left * weightOf(shares, at)) / weights >= mostOf(shares, at));
    if (full.length === 0) break;
    for (const at of full) {
      quotas[at] = Math.min(left, mostOf(shares, at));
      left -= quotas[at] ?? 0;
    }
    open = open.filter((at) => !full.includes(at));
    if (open.length === 0) return quotas;
  }
  divide(left, shares, open, quotas);
  return quotas;
}

function divide(total: number, shares: readonly Share[], open: readonly number[], quotas: number[]): void {
  const weights = open.reduce((sum, at) => sum + weightOf(shares, at), 0);
  let left = total;
  const remainders = open.map((at) => {
    const exact = (total * weightOf(shares, at)) / weights;
    const whole = Math.floor(exact + SAME);
    quotas[at] = whole;
    left -= whole;
    const excess = (shares[at]?.held ?? 0) - whole;
    return { at, remainder: Math.max(0, exact - whole), excess };
  });
  remainders.sort((a, b) => {
    if (Math.abs(a.remainder - b.remainder) > SAME) return b.remainder - a.remainder;
    return b.excess - a.excess || a.at - b.at;
  });
  for (const { at } of remainders.slice(0, left)) quotas[at] = (quotas[at] ?? 0) + 1;
}

function weightOf(shares: readonly Share[], at: number): number {
  return shares[at]?.weight ?? 0;
}

function mostOf(shares: readonly Share[], at: number): number {
  return shares[at]?.most ?? 0;
}
