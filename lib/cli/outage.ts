import { ElectionError } from '../errors.js';
import { RequestRefused } from '../store/store.js';
import { explain } from './explain.js';
import type { Output } from './output.js';

/**
 * Milliseconds after the start of this process by which etcd must have answered, because a person who waits is to be
 * told within five seconds.
 */
const ANSWERS_BY = 4_200;
/** Milliseconds that etcd has in any case, because a machine on which programs start slowly answers slowly too. */
const LEAST_PATIENCE = 3_000;

function patience(): number {
  return Math.max(LEAST_PATIENCE, ANSWERS_BY - performance.now());
}

/** Resolves with etcd's first answer. Rejects when there is none in time, although the request is still being tried. */
export async function firstAnswer<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(noAnswer()), patience());
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(): ElectionError {
  return new ElectionError('UNAVAILABLE', 'no answer in time');
}

/** Says that etcd does not answer, and that it answers again: once each, however many attempts fail in between. */
export class Outage {
  readonly #out: Output;
  readonly #endpoints: string;
  readonly #timer: NodeJS.Timeout;
  #said: string | undefined;

  constructor(out: Output, endpoints: string) {
    this.#out = out;
    this.#endpoints = endpoints;
    this.#timer = setTimeout(() => this.begin(noAnswer()), patience());
    this.#timer.unref();
  }

  /** `more` is appended to the line. */
  begin(error: ElectionError, more = ''): void {
    const isOutage = error.code === 'UNAVAILABLE' && !(error instanceof RequestRefused);
    const kind = isOutage || error.code === 'PERMISSION_DENIED' ? error.code : error.message;
    if (this.#said === kind) return;
    clearTimeout(this.#timer);
    this.#said = kind;
    this.#out.warn(`${explain(error, this.#endpoints)}: still trying${more}`, { code: error.code });
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#out.info('etcd answers again');
  }
}
