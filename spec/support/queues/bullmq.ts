import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, type Job, Queue, WaitingError, Worker } from 'bullmq';
import type { Ownership } from '../../../lib/index.js';

/** The function of docs/pool-queues.md, word by word: a spec compares it with the page, and others try it. */

export async function workBullQueue(
  ownership: Ownership,
  connection: ConnectionOptions,
  handle: (job: Job, ownership: Ownership) => Promise<void>,
): Promise<void> {
  const name = `orders-${ownership.partition}`;
  const queue = new Queue(name, { connection });
  await queue.setGlobalConcurrency(1).finally(() => queue.close()); // one job at a time, whoever works
  const work = async (job: Job, lock?: string): Promise<void> => {
    try {
      ownership.throwIfLost(); // by the clock, also when the process has just stood still
      await handle(job, ownership);
    } catch (err) {
      if (!ownership.signal.aborted) console.error(`job ${job.id} of ${name} has failed: ${err}`);
      await sleep(1_000, undefined, { signal: ownership.signal }).catch(() => {});
      await job.moveToWait(lock); // to the front again: the jobs after it wait
      throw new WaitingError();
    }
  };
  const options = { connection, concurrency: 1, lockDuration: 10_000, stalledInterval: 2_000, maxStalledCount: 1_000 };
  const worker = new Worker(name, work, options);
  worker.on('error', (err) => console.error(err));
  await ownership.ended;
  await worker.close(); // resolves when the job under way has ended
}
