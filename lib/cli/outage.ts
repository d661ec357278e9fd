import type { ElectionError } from '../errors.js';
import { explain } from './explain.js';
import type { Output } from './output.js';

/** Says that etcd does not answer, and that it answers again: once each, however many attempts fail in between. */
export class Outage {
  readonly #out: Output;
  readonly #endpoints: string;
  #said: string | undefined;

  constructor(out: Output, endpoints: string) {
    this.#out = out;
    this.#endpoints = endpoints;
  }

  /** `more` is added to the line. */
  begin(error: ElectionError, more = ''): void {
    const kind = error.code === 'UNAVAILABLE' || error.code === 'PERMISSION_DENIED' ? error.code : error.message;
    if (this.#said === kind) return;
    this.#said = kind;
    this.#out.warn(`${explain(error, this.#endpoints)}: still trying${more}`, { code: error.code });
  }

  end(): void {
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#out.info('etcd answers again');
  }
}
