/**
 * When those that observe a queue read it after a change of leader. The next leader reads at that moment anyway and
 * shares its answer, so their own reads are usually not needed.
 */

/**
 * Milliseconds, milliseconds for each candidate, and the most that these may come to. In a long queue the head start is
 * longer, since etcd tells every process that the leader is gone.
 */
const HEAD_START = 5;
const HEAD_START_EACH = 0.25;
const LONGEST_HEAD_START = 250;
/**
 * Milliseconds for each candidate, and the most in all. Every read makes etcd sort the whole queue, so the reads must
 * not arrive together.
 */
const SPREAD_EACH = 2;
const LONGEST_SPREAD = 2_000;

/** Milliseconds that the next leader has before anybody else reads. */
export function headStart(candidates: number): number {
  return HEAD_START + Math.min(LONGEST_HEAD_START, HEAD_START_EACH * candidates);
}

/** Milliseconds, at random: up to 2 ms per candidate, and at most 2 s. Each process waits so long besides. */
export function spread(candidates: number): number {
  return Math.random() * Math.min(LONGEST_SPREAD, SPREAD_EACH * candidates);
}
