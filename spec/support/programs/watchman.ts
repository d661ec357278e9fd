/**
 * A thread that watches handles: it asks `isCurrent()` every millisecond, and listens to `signalOf()`. When all terms
 * have ended in both ways, it posts when.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { isCurrent, type LeadershipHandle, signalOf } from '../../../lib/threads/index.js';
import type { End } from '../threads.js';

// What a handle waits with keeps no thread alive, and when the last `isCurrent()` is false nothing else does.
const alive = setInterval(() => {}, 1_000);
const ends = (workerData as readonly LeadershipHandle[]).map(watch);
parentPort?.postMessage('ready');
parentPort?.postMessage(await Promise.all(ends));
clearInterval(alive);

async function watch(handle: LeadershipHandle): Promise<End> {
  const signal = signalOf(handle);
  const told = new Promise<bigint>((resolve) => {
    const tell = (): void => resolve(process.hrtime.bigint());
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });
  while (isCurrent(handle)) await sleep(1);
  const [seenAt, seenOn] = [process.hrtime.bigint(), Date.now()];
  return { seenAt, seenOn, toldAt: await told, code: (signal.reason as { readonly code: string }).code };
}
