import type { Logger } from '../log.js';

export const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type Level = (typeof LEVELS)[number];

export interface OutputOptions {
  readonly json: boolean;
  readonly level: Level;
}

/**
 * What the program prints: results on stdout, notices on stderr, one line each, for people or as JSON. The library's
 * own log is printed as notices at level `debug`.
 */
export class Output {
  readonly options: OutputOptions;

  constructor(options: OutputOptions) {
    this.options = options;
  }

  get isJson(): boolean {
    return this.options.json;
  }

  /** A result: `text` for people, `data` with `--json`. */
  result(text: string, data: unknown): void {
    const line = this.isJson ? JSON.stringify(data, plain) : text;
    if (line !== '') process.stdout.write(`${line}\n`);
  }

  debug(message: string, data: object = {}): void {
    this.#notice('debug', message, data);
  }

  info(message: string, data: object = {}): void {
    this.#notice('info', message, data);
  }

  warn(message: string, data: object = {}): void {
    this.#notice('warn', message, data);
  }

  error(message: string, data: object = {}): void {
    this.#notice('error', message, data);
  }

  /** The library's log, all at `debug`: it helps to find mistakes, and the notices say the rest in other words. */
  get logger(): Logger {
    const log = (data: object, message: string): void => {
      if (this.#isWanted('debug')) this.#write('debug', this.isJson ? message : `${message} ${inOneLine(data)}`, data);
    };
    return { debug: log, info: log, warn: log, error: log };
  }

  #notice(level: Level, message: string, data: object): void {
    if (this.#isWanted(level)) this.#write(level, message, data);
  }

  #isWanted(level: Level): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.options.level);
  }

  #write(level: Level, message: string, data: object): void {
    const time = new Date().toISOString();
    const json = (): string => JSON.stringify({ time, level, message, ...data }, plain);
    process.stderr.write(`${this.isJson ? json() : `etcd-leader: ${message}`}\n`);
  }
}

function inOneLine(data: object): string {
  return Object.keys(data).length === 0 ? '' : JSON.stringify(data, plain);
}

/** JSON has no int64, so a bigint becomes a string, as in protobuf's JSON. An error shows its message and code only. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { message: value.message, ...('code' in value && { code: value.code }) };
  return value;
}

/**
 * A value from etcd must not reach the terminal as it is: it may hold line ends, commands to the terminal, or marks
 * that turn the order of what follows.
 */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: we look for control characters
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return all.map((row) => line(row).trimEnd()).join('\n');
}
