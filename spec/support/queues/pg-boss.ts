import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool as Database, PoolClient } from 'pg';
import type { PgBoss } from 'pg-boss';
import type { Ownership } from '../../../lib/index.js';

/** The functions of docs/pool-queues.md, word by word: a spec compares them with the page, and others try them. */

export async function fenced<T>(
  database: Database,
  { election, fencingToken }: Ownership,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await database.connect();
  try {
    await client.query('BEGIN');
    const raised = await client.query(
      `INSERT INTO fence (election, token) VALUES ($1, $2)
       ON CONFLICT (election) DO UPDATE SET token = excluded.token WHERE fence.token <= excluded.token`,
      [election, fencingToken.toString()],
    );
    if (raised.rowCount !== 1) throw new Error(`${election} has a later owner`);
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (err) {
    client.release(true); // the connection closes, so PostgreSQL rolls back
    throw err;
  }
}

export async function workBossQueue(
  ownership: Ownership,
  boss: PgBoss,
  database: Database,
  handle: (order: object, client: PoolClient, ownership: Ownership) => Promise<void>,
): Promise<void> {
  const { partition, signal } = ownership;
  const queue = `orders-${partition}`;
  await boss.createQueue(queue);
  while (!signal.aborted) {
    try {
      const isDone = await fenced(database, ownership, async (client) => {
        const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) };
        const [job] = await boss.fetch<object>(queue, { db });
        if (job === undefined) return false;
        await handle(job.data, client, ownership);
        await boss.complete(queue, job.id, null, { db });
        return true;
      });
      if (!isDone) await sleep(1_000, undefined, { signal }).catch(() => {});
    } catch (err) {
      console.error(`a job of ${queue} has failed: ${err}`);
      await sleep(1_000, undefined, { signal }).catch(() => {}); // the same job again: the jobs after it wait
    }
  }
}
