import { Backoff } from '../common/backoff.js';
import { type Clock, SystemClock, sleep } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import { RequestRefused } from '../store/store.js';
import type { CommandContext } from './command-context.js';
import { CliError, EXIT } from './exit.js';
import { explain } from './explain.js';
import { visible } from './output.js';
import { Requests } from './requests.js';

/** What the key of the periods says: the latest period that somebody has claimed, and with which fencing token. */
interface Claim {
  readonly v: 1;
  /** ISO 8601; the period's start. */
  readonly start: string;
  readonly token: string;
}

/** Milliseconds to sleep at a time, because the wall clock may be set meanwhile. */
const SLICE = 10_000;
/** Milliseconds by which the clocks of two hosts may differ without a word. */
const CLOCKS_DIFFER = 2_000;
const PAUSES = { first: 100, longest: 10_000 };

/**
 * The periods of an election: each of them is claimed at most once in the cluster, by the leader of the moment. The
 * claim is the key `<election>!period`. It is written by a transaction that compares the leader's own key, so a leader
 * that is deposed claims nothing; and that compares the key itself, so nobody claims a period twice. Periods begin at
 * multiples of their length since 1970 (UTC), by the clock of the host.
 */
export class Periods {
  readonly #context: CommandContext;
  readonly #every: number;
  readonly #key: string;
  readonly #requests: Requests;
  readonly #clock: Clock = new SystemClock();
  readonly #warned = new Set<string>();

  /** `every`: milliseconds. */
  constructor(context: CommandContext, election: string, every: number) {
    this.#context = context;
    this.#every = every;
    this.#key = `${election}!period`;
    this.#requests = new Requests(context.etcd);
  }

  /**
   * Claims the present period. Resolves with its start; undefined: somebody has claimed it, or the term has ended.
   *
   * @throws CliError when the key was written by another program
   */
  async claim(leadership: Leadership): Promise<Date | undefined> {
    const start = new Date(Math.floor(Date.now() / this.#every) * this.#every);
    const backoff = new Backoff(PAUSES.first, PAUSES.longest);
    let isSent = false;
    while (leadership.isCurrent()) {
      try {
        const { claim, modRevision } = await this.#read();
        if (claim !== undefined && Date.parse(claim.start) >= start.getTime()) {
          // The answer to our claim was lost. Another claim with our token there cannot be: it is of this term.
          const isOurs =
            isSent && claim.start === start.toISOString() && claim.token === String(leadership.fencingToken);
          return isOurs ? start : undefined;
        }
        isSent = true;
        if (await this.#write(leadership, start, modRevision)) return start;
      } catch (err) {
        if (!(err instanceof ElectionError)) throw err;
        this.#tell(err);
      }
      await sleep(this.#clock, backoff.next(), leadership.signal);
    }
    return undefined;
  }

  /** The end of the present period. */
  get end(): Date {
    return new Date((Math.floor(Date.now() / this.#every) + 1) * this.#every);
  }

  /** Resolves when the next period begins, or `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    const end = this.end.getTime();
    while (Date.now() < end && (await sleep(this.#clock, Math.min(SLICE, end - Date.now()), signal)));
  }

  async #read(): Promise<{ readonly claim: Claim | undefined; readonly modRevision: string }> {
    const kv = await this.#requests.key(Buffer.from(this.#key));
    if (kv === undefined) return { claim: undefined, modRevision: '0' };
    const claim = parse(kv.value.toString('utf8'));
    if (claim === undefined) {
      const key = visible(this.#key);
      const message = `${key} says what etcd-leader has not written, so no period can be claimed: delete it`;
      throw new CliError(EXIT.failed, message);
    }
    if (Date.parse(claim.start) > Date.now() + CLOCKS_DIFFER) {
      this.#warnOnce(`the period of ${claim.start} is claimed already, and is yet to come: nothing runs until then`);
    }
    return { claim, modRevision: kv.mod_revision };
  }

  async #write(leadership: Leadership, start: Date, modRevision: string): Promise<boolean> {
    const claim: Claim = { v: 1, start: start.toISOString(), token: String(leadership.fencingToken) };
    const { succeeded } = await this.#requests.send('claim the period', (options) =>
      leadership
        .txn()
        .and(this.#key, 'Mod', '==', modRevision)
        .then(this.#context.etcd.put(this.#key).value(JSON.stringify(claim)))
        .options(options)
        .commit(),
    );
    return succeeded;
  }

  /** An etcd that does not answer is told by the election, whose lease suffers from that too. */
  #tell(error: ElectionError): void {
    if (error.code === 'UNAVAILABLE' && !(error instanceof RequestRefused)) return;
    const isDenied = error.code === 'PERMISSION_DENIED';
    const why = isDenied ? 'permission denied' : explain(error, this.#context.endpoints);
    const hint = isDenied ? `; this user needs a role with \`readwrite\` on the key ${visible(this.#key)}` : '';
    this.#warnOnce(`the period cannot be claimed: ${why}${hint}: still trying`);
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#context.out.warn(message);
  }
}

function parse(text: string): Claim | undefined {
  try {
    const claim = JSON.parse(text) as Claim;
    return claim.v === 1 && !Number.isNaN(Date.parse(claim.start)) ? claim : undefined;
  } catch {
    return undefined;
  }
}
