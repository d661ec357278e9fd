import { join } from 'node:path';
import { journalPrefix } from './candidate/profile.js';
import { Log } from './log/log.js';
import type { ChaosWorld } from './world.js';

const PAGE = 2_000;

/**
 * Writes down all guarded writes that etcd has committed, a page at a time. Compaction takes none, because each has a
 * key.
 */
export async function readRunJournal({ client, run }: ChaosWorld, folder: string): Promise<void> {
  const prefix = journalPrefix(run);
  const log = new Log(join(folder, 'journal.log'));
  const end = Buffer.from(`${prefix.slice(0, -1)}0`);
  let key = Buffer.from(prefix);
  for (let more = true; more; ) {
    const page = await client.kv.range({ key, range_end: end, limit: PAGE });
    for (const kv of page.kvs) {
      const [token = '', ...election] = kv.key.toString().slice(prefix.length).split('/').reverse().slice(1);
      log.add(['J', [election.reverse().join('/'), token], kv.create_revision, kv.mod_revision]);
    }
    log.flush();
    const last = page.kvs.at(-1);
    more = page.more && last !== undefined;
    if (last !== undefined) key = Buffer.concat([last.key, Buffer.from([0])]);
  }
  log.close();
}
