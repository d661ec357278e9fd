import type { ElectionError } from '../errors.js';
import { RequestRefused } from '../store/store.js';
import { explain } from './explain.js';
import { afterPatience, noAnswer } from './first-answer.js';
import type { Output } from './output.js';

/** Says that etcd does not answer, and that it answers again: once each, however many attempts fail in between. */
export class OutageNotices {
  readonly #out: Output;
  readonly #endpoints: string;
  readonly #cancelLate: () => void;
  #said: string | undefined;

  constructor(out: Output, endpoints: string) {
    this.#out = out;
    this.#endpoints = endpoints;
    this.#cancelLate = afterPatience(() => this.begin(noAnswer()), { unref: true });
  }

  /** `more` is appended to the line. */
  begin(error: ElectionError, more = ''): void {
    const isOutage = error.code === 'UNAVAILABLE' && !(error instanceof RequestRefused);
    const kind = isOutage || error.code === 'PERMISSION_DENIED' ? error.code : error.message;
    if (this.#said === kind) return;
    this.#cancelLate();
    this.#said = kind;
    this.#out.warn(`${explain(error, this.#endpoints)}: still trying${more}`, { code: error.code });
  }

  /** etcd has answered a question, so it is not late. What went wrong before is not over yet. */
  heard(): void {
    this.#cancelLate();
  }

  end(): void {
    this.#cancelLate();
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#out.info('etcd answers again');
  }
}
