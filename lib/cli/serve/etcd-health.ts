import { type Clock, sleep } from '../../common/time.js';
import { type ElectionError, toElectionError } from '../../errors.js';

/** Milliseconds between two questions. */
const ASK_EVERY = 1_000;

/** Told while etcd does not answer, or refuses. */
export interface EtcdTrouble {
  readonly error: ElectionError;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface EtcdHealthOptions {
  readonly clock: Clock;
  /** Milliseconds after etcd's last sign of life for which what the picture says still counts. */
  readonly vouchFor: number;
  /** Asks etcd for something that takes a quorum. */
  readonly ask: () => Promise<unknown>;
  /** There is trouble, or there is none any more. */
  readonly changed: (trouble: EtcdTrouble | undefined) => void;
}

/**
 * Whether the picture can be believed: when etcd has last answered while the view had no trouble. A time counts from
 * when the question was sent, as a leader counts its deadline: what has happened since then need not be in the answer.
 */
export class EtcdHealth {
  readonly #options: EtcdHealthOptions;
  readonly #over = new AbortController();
  #heardAt = Number.NEGATIVE_INFINITY;
  #isStarted = false;
  /** Grows whenever the view gets into trouble: an answer to what was asked before proves nothing then. */
  #troubles = 0;
  #view: ElectionError | undefined;
  #asked: ElectionError | undefined;
  #trouble: EtcdTrouble | undefined;

  constructor(options: EtcdHealthOptions) {
    this.#options = options;
  }

  get trouble(): EtcdTrouble | undefined {
    return this.#trouble;
  }

  /** The view has its first picture. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** Milliseconds since the last proof; Infinity: there was none. */
  get age(): number {
    return this.#options.clock.now() - this.#heardAt;
  }

  /** Whether the picture can still be believed. */
  get vouches(): boolean {
    return this.age <= this.#options.vouchFor;
  }

  /** The first picture is whole: from now on answers count. */
  start(): void {
    this.#isStarted = true;
    this.viewAnswers();
  }

  viewFails(error: ElectionError): void {
    this.#troubles++;
    this.#view = error;
    this.#tell();
  }

  viewAnswers(): void {
    this.#view = undefined;
    this.#tell();
  }

  /** Asks until it is closed. */
  async run(): Promise<void> {
    const { clock, ask } = this.#options;
    const { signal } = this.#over;
    do {
      const [sentAt, troubles] = [clock.now(), this.#troubles];
      try {
        await ask();
        this.#asked = undefined;
        if (this.#isStarted && this.#view === undefined && troubles === this.#troubles) this.#heardAt = sentAt;
      } catch (err) {
        this.#asked = toElectionError(err);
      }
      if (!signal.aborted) this.#tell();
    } while (await sleep(clock, ASK_EVERY, signal));
  }

  close(): void {
    this.#over.abort();
  }

  #tell(): void {
    const error = this.#view ?? this.#asked;
    if ((error === undefined) === (this.#trouble === undefined)) return;
    this.#trouble = error && { error, since: Date.now() };
    this.#options.changed(this.#trouble);
  }
}
