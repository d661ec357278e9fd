import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import type { Ownership, Pool } from '../../../lib/index.js';

/** The functions of docs/pool.md, word by word: a spec compares them with the page, and tries them. */

export function partitionOf(key: string, partitions: number): string {
  return String(createHash('sha256').update(key).digest().readUInt32BE() % partitions);
}

export async function enqueue(etcd: Etcd3, customer: string, job: string): Promise<void> {
  const number = String(Date.now()).padStart(15, '0');
  await etcd.put(`jobs/${partitionOf(customer, 64)}/${number}-${crypto.randomUUID()}`).value(job);
}

export async function workQueue(
  { partition, signal, fencingToken, txn }: Ownership,
  etcd: Etcd3,
  handle: (job: string, token: bigint) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const oldest = await etcd.getAll().prefix(`jobs/${partition}/`).sort('Create', 'Ascend').limit(1).strings();
    for (const [key, job] of Object.entries(oldest)) {
      await handle(job, fencingToken); // may come twice after a crash: the token says which owner it was
      await txn().then(etcd.delete().key(key)).commit(); // only while this worker owns the partition
    }
    if (Object.keys(oldest).length === 0) await sleep(100, undefined, { signal }).catch(() => {});
  }
}

export class Router {
  #owners: ReadonlyMap<string, { readonly value: string }> = new Map();

  /** Resolves when `signal` aborts. */
  async follow(pool: Pool, signal: AbortSignal): Promise<void> {
    for await (const owners of pool.observe({ signal })) this.#owners = owners;
  }

  /** The address of the worker that serves the room, if there is one at the moment. */
  addressOf(room: string): string | undefined {
    return this.#owners.get(partitionOf(room, 256))?.value;
  }
}

export async function runGroup(
  { partition, signal, txn }: Ownership,
  etcd: Etcd3,
  everyMs: number,
  job: (group: string, due: number) => Promise<void>,
): Promise<void> {
  const key = `cron/${partition}/done`;
  while (!signal.aborted) {
    const due = Math.floor(Date.now() / everyMs) * everyMs;
    const done = Number((await etcd.get(key).string()) ?? 0);
    if (done < due) {
      const { succeeded } = await txn().then(etcd.put(key).value(due)).commit(); // claimed first: never twice
      if (succeeded) await job(partition, due);
    }
    await sleep(due + everyMs - Date.now(), undefined, { signal }).catch(() => {});
  }
}
