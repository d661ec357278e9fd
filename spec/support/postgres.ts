import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./programs/postgres.js', import.meta.url));

export interface Query {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface QueryResult {
  readonly rows: readonly unknown[];
  /** The number of inserted, updated or deleted rows. */
  readonly affectedRows: number;
}

export type QueryAnswer = { readonly id: number } & (QueryResult | { readonly error: string });

/** One session on an empty PostgreSQL database. */
export class Postgres {
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, { resolve(result: QueryResult): void; reject(reason: Error): void }>();
  #lastId = 0;

  constructor() {
    // JSON has no bigint. Nothing of lib/ runs in this process, so there is nothing to cover.
    const env = { ...process.env, NODE_V8_COVERAGE: undefined };
    this.#process = fork(program, { serialization: 'advanced', env });
    this.#process.on('message', (message) => this.#hear(message as QueryAnswer));
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#asked.values()) reject(new Error(`PostgreSQL has ended, with ${code}`));
      this.#asked.clear();
    });
  }

  /** Runs one statement, in which `$1` and so on stand for the parameters. */
  query(sql: string, ...parameters: readonly unknown[]): Promise<QueryResult> {
    const query: Query = { id: ++this.#lastId, sql, parameters };
    return new Promise((resolve, reject) => {
      this.#asked.set(query.id, { resolve, reject });
      this.#process.send(query);
    });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  #hear(answer: QueryAnswer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ('error' in answer) asked?.reject(new Error(answer.error));
    else asked?.resolve(answer);
  }
}
