/**
 * PostgreSQL, compiled to WebAssembly, in a process of its own. Setting a database up blocks the event loop for seconds
 * and takes hundreds of megabytes. The program carries out the statements that its parent sends, in order.
 */
import { PGlite } from '@electric-sql/pglite';
import type { Query, QueryAnswer } from '../postgres.js';
import { whenOrphaned } from './parent.js';

const starting = PGlite.create();
let before: Promise<unknown> = starting;

const answer = (message: QueryAnswer): void => void process.send?.(message);

async function carryOut({ id, sql, parameters }: Query): Promise<void> {
  try {
    const { rows, affectedRows = 0 } = await (await starting).query(sql, [...parameters]);
    answer({ id, rows, affectedRows });
  } catch (err) {
    answer({ id, error: String(err) });
  }
}

process.on('message', (query: Query) => {
  before = before.then(() => carryOut(query));
});
whenOrphaned();
