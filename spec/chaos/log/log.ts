import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { decodeRecord, encode, type LogRecord } from './records.js';

/** Milliseconds between two flushes, because a killed process loses what it has not flushed. */
const FLUSH_EVERY = 20;

/** Appends to a file, soon. What has been flushed outlives the process, because the kernel has it. */
export class Log {
  readonly #file: number;
  #buffer = '';
  #flushedAt = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  add(record: LogRecord): void {
    this.#buffer += encode(record);
  }

  /** Flushes when it is time. Returns true when it has flushed. Cheap to call often. */
  flushWhenDue(): boolean {
    const now = performance.now();
    if (now - this.#flushedAt < FLUSH_EVERY) return false;
    this.#flushedAt = now;
    this.flush();
    return true;
  }

  flush(): void {
    if (this.#buffer === '') return;
    writeSync(this.#file, this.#buffer);
    this.#buffer = '';
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/**
 * The records of a file, one at a time. A last line that a killed process left half written is skipped; any other must
 * be whole.
 */
export async function* readLog(path: string): AsyncGenerator<LogRecord> {
  let broken: string | undefined;
  for await (const line of createInterface({
    input: createReadStream(path, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (broken !== undefined) throw new Error(`${path} holds a line that is no record: ${broken.slice(0, 80)}`);
    let record: LogRecord;
    try {
      record = decodeRecord(line);
    } catch {
      broken = line;
      continue;
    }
    yield record;
  }
}
