import { Reminders } from '../common/reminders.js';
import { type Clock, sleep } from '../common/time.js';
import { childLogger, type Logger } from '../log.js';
import { areEqual, type CertificateFiles, type Credentials, readCertificates } from './certificate-files.js';

export interface RenewalOptions {
  readonly files: CertificateFiles;
  /** What was in the files when the client was made. */
  readonly first: Credentials;
  /** The addresses of the members. */
  readonly members: readonly string[];
  /**
   * Asks a member something over a connection with these credentials. Resolves, when it answers, with what takes the
   * credentials into use for this member; rejects with the reason when it does not.
   */
  readonly introduce: (member: string, credentials: Credentials) => Promise<() => void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Milliseconds between two looks at the files. They are read whole each time: that finds a replaced file, a file that
 * was written over, and the exchange of a symbolic link by which Kubernetes renews secrets.
 */
const LOOK_EVERY = 1_000;
/** Milliseconds before a member that refused the new credentials is asked again. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
/** Milliseconds for which members may refuse the new credentials without a warning: they are renewed one by one. */
const UNTOLD = 60_000;

/**
 * Follows the files of certificates, and brings what is new in them to each member by itself.
 *
 * The old credentials stay in use for a member until it has accepted the new ones: while a cluster gets a new authority
 * member by member, some members take only the old ones, and others only the new ones. Files that cannot be used, such
 * as a key whose certificate is still to be written, change nothing, and are read again.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #logger: Logger;
  readonly #over = new AbortController();
  readonly #reminders = new Reminders();
  /** What the files held when they could be used last. */
  #latest: Credentials;
  /** Aborted when the files hold something newer. */
  #introduction = new AbortController();
  /** A logger of its own for each trouble, because the default logger tells each kind of trouble once. */
  #troubleLog: Logger | undefined;
  /** Looks in a row at files that could not be used. */
  #failures = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#latest = options.first;
    void this.#follow();
  }

  close(): void {
    this.#over.abort();
    this.#introduction.abort();
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options;
    while (await sleep(clock, LOOK_EVERY, this.#over.signal, { unref: true })) await this.#look();
  }

  async #look(): Promise<void> {
    let found: Credentials;
    try {
      found = await readCertificates(this.#options.files);
    } catch (err) {
      this.#failed(err);
      return;
    }
    if (this.#over.signal.aborted) return;
    this.#failures = 0;
    this.#troubleLog = undefined;
    if (areEqual(found, this.#latest)) return;
    this.#latest = found;
    this.#logger.info({}, 'the certificates were renewed');
    this.#introduction.abort();
    this.#introduction = new AbortController();
    for (const member of this.#options.members) void this.#introduce(member, found, this.#introduction.signal);
  }

  /** One look may come while the files are being replaced one after the other; two in a row are told. */
  #failed(err: unknown): void {
    this.#failures++;
    if (this.#failures < 2 || this.#reminders.due('files', this.#options.clock.now()) === undefined) return;
    this.#troubleLog ??= childLogger(this.#logger, {});
    this.#troubleLog.warn({ err }, 'the certificates cannot be read again: the old ones stay in use, trying again');
  }

  async #introduce(member: string, credentials: Credentials, signal: AbortSignal): Promise<void> {
    const { clock, introduce } = this.#options;
    const startedAt = clock.now();
    const logger = childLogger(this.#logger, {});
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        const use = await introduce(member, credentials);
        if (signal.aborted) return;
        use();
        this.#logger.info({ member }, 'a member takes the new certificates');
        return;
      } catch (err) {
        const isLate = clock.now() - startedAt >= UNTOLD;
        if (isLate && !signal.aborted && this.#reminders.due(member, clock.now()) !== undefined) {
          logger.warn(
            { err, member },
            'a member does not take the new certificates: the old ones stay in use there, trying again',
          );
        }
      }
      if (!(await sleep(clock, pause, signal, { unref: true }))) return;
    }
  }
}
