/**
 * When those that observe a queue read it after a change of leader. The next leader reads at that moment anyway and
 * shares its answer, so their own reads are usually not needed.
 */

/** Milliseconds that the next leader has in a queue of any length. */
const HEAD_START = 5;
/** Milliseconds more for each candidate, because etcd tells the process of each that the leader is gone. */
const HEAD_START_EACH = 0.25;
/** The most milliseconds that all candidates together add to the head start. */
const LONGEST_HEAD_START = 250;
/**
 * Milliseconds for each candidate over which the reads are spread, because every read makes etcd sort the whole queue:
 * the reads must not arrive together.
 */
const SPREAD_EACH = 2;
/** The most milliseconds over which the reads are spread. */
const LONGEST_SPREAD = 2_000;

/** Milliseconds that the next leader has before anybody else reads. */
export function headStart(candidates: number): number {
  return HEAD_START + Math.min(LONGEST_HEAD_START, HEAD_START_EACH * candidates);
}

/** Milliseconds that a process waits after the head start: at random up to 2 ms for each candidate, and at most 2 s. */
export function spread(candidates: number): number {
  return Math.random() * Math.min(LONGEST_SPREAD, SPREAD_EACH * candidates);
}
