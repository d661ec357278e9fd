import type { PgBoss } from 'pg-boss';
import { databaseAddress } from './postgres.js';
import type { QueueServer } from './server.js';

/** pg-boss 12 asks for Node.js 22.12 or later. Before it there is pg-boss 10, with the same calls. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const RUNS_12 = major > 22 || (major === 22 && minor >= 12);

/** A pg-boss of the release that this Node.js can run, started. */
export async function startBoss(server: Pick<QueueServer, 'port'>): Promise<PgBoss> {
  const Boss = RUNS_12 ? (await import('pg-boss')).PgBoss : await former();
  const boss = new Boss({ connectionString: databaseAddress(server) });
  boss.on('error', (err) => console.error('pg-boss:', err));
  await boss.start();
  return boss;
}

async function former(): Promise<typeof PgBoss> {
  const { default: Boss } = await import('pg-boss-10');
  return Boss as unknown as typeof PgBoss; // for the calls of the recipe it is the same
}
