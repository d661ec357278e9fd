import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FoundViolation, Progress, ShardShare } from './shard.js';
import { type Counts, Tally } from './tally.js';

export interface Range {
  /** The number of the first schedule, and the number of schedules. */
  readonly from: number;
  readonly schedules: number;
  /** The number of processes. */
  readonly shards: number;
  /** Goes on after a violation. */
  readonly persists?: boolean;
  readonly onProgress?: (soFar: ShardsSummary) => void;
  /** The compiled `shard.js` to run; by default the one beside this file. */
  readonly program?: string;
}

export interface ShardsSummary {
  readonly schedules: number;
  readonly steps: number;
  /** Milliseconds of virtual time. */
  readonly time: number;
  readonly counts: Counts;
  readonly found: readonly FoundViolation[];
}

/** Runs many schedules on several processes. Stops soon after the first violation, unless it is to persist. */
export async function runAll(range: Range): Promise<ShardsSummary> {
  const tally = new Tally();
  const found: FoundViolation[] = [];
  let [schedules, steps, time] = [0, 0, 0];
  const summary = (): ShardsSummary => ({ schedules, steps, time, counts: tally.counts, found });
  const over = new AbortController();
  const hear = (progress: Progress): void => {
    schedules += progress.schedules;
    steps += progress.steps;
    time += progress.time;
    tally.addAll(progress.counts);
    found.push(...progress.found);
    range.onProgress?.(summary());
    if (found.length > 0 && range.persists !== true) over.abort();
  };
  const shares = Array.from({ length: range.shards }, (_, at) => at);
  await Promise.all(shares.map((at) => runShare(range, at, over.signal, hear)));
  found.sort((a, b) => a.seed - b.seed);
  return summary();
}

function runShare(range: Range, at: number, over: AbortSignal, hear: (progress: Progress) => void): Promise<void> {
  const { from, schedules, shards, persists = false } = range;
  const program = range.program ?? fileURLToPath(new URL('shard.js', import.meta.url));
  const share: ShardShare = { from: from + at, to: from + schedules, step: shards, persists };
  const child = fork(program, [JSON.stringify(share)], { stdio: 'inherit', execArgv: ['--enable-source-maps'] });
  child.on('message', (progress) => hear(progress as Progress));
  over.addEventListener('abort', () => child.kill(), { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 || over.aborted) resolve();
      else reject(new Error(`a shard ended with ${code ?? 'a signal'}`));
    });
  });
}
