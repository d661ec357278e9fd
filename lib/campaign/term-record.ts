import { soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { Events } from '../events.js';
import type { Leadership } from '../leadership.js';
import type { OwnKey } from '../queue/place.js';
import type { RecordedTerm } from '../queue/recorded-terms.js';
import { appendTerm, writeEnd } from '../queue/term-history.js';
import { keyFrom, leaseFrom } from '../store/bytes.js';
import { ClientClosed, isOutage } from '../store/store.js';
import type { CampaignContext } from './context.js';

/** Ends of terms that are kept at the most while etcd does not answer; then the oldest is dropped. */
const MOST_WAITING = 10;

/** Something that is written until etcd has it. */
interface Entry {
  readonly write: (isFirst: boolean) => Promise<void>;
  isFirst: boolean;
  /** The attempt that is under way. Never rejects. */
  attempt: Promise<void> | undefined;
}

/** By candidate, because those without the option keep nothing. */
const records = new WeakMap<CampaignContext, TermRecord>();

/** The term of this candidate that lasts. */
interface Begun {
  readonly own: OwnKey;
  readonly term: RecordedTerm;
  readonly entry: Entry;
}

/**
 * Records the terms of a candidate with the option `history`, beside everything else: it listens to the candidate's
 * events, and writes in the background. A term is appended to the history while it lasts. Its end has a key of its own,
 * because whoever no longer leads cannot write the history; the next leader takes the end in. When a write fails, it is
 * tried again after the next refresh of the lease, which shows that etcd answers.
 */
export class TermRecord {
  readonly #context: CampaignContext;
  readonly #most: number;
  readonly #entries = new Set<Entry>();
  #begun: Begun | undefined;

  /** Resolves when what is being written has been answered; undefined: nothing is. */
  static underWay(context: CampaignContext): Promise<unknown> | undefined {
    const record = records.get(context);
    if (record === undefined) return undefined;
    const attempts = [...record.#entries].flatMap(({ attempt }) => attempt ?? []);
    return attempts.length === 0 ? undefined : Promise.all(attempts);
  }

  /** `most`: how many terms the history keeps. */
  constructor(context: CampaignContext, most: number, events: Pick<Events, 'on'>) {
    records.set(context, this);
    this.#context = context;
    this.#most = most;
    // The times are those of the events, and other listeners are told before anything is sent.
    events.on('elected', (leadership: Leadership) => {
      const now = Date.now();
      soon(() => this.#elected(leadership, now));
    });
    events.on('unelected', (_: Leadership, reason: ElectionError) => {
      const now = Date.now();
      soon(() => this.#unelected(reason, now));
    });
    events.on('refresh', () => soon(() => this.#retry()));
  }

  #elected(leadership: Leadership, from: number): void {
    const { key, value, leaseId, fencingToken } = leadership;
    const lease = leaseFrom(leaseId);
    const own = { key: keyFrom(key), createRevision: fencingToken, lease };
    const term = { fencingToken, value, leaseId, from, until: undefined, why: undefined };
    const entry = this.#add((isFirst) => this.#append(own, term, isFirst));
    this.#begun = { own, term, entry };
  }

  #unelected({ code }: ElectionError, until: number): void {
    const begun = this.#begun;
    if (begun === undefined) return;
    this.#begun = undefined;
    this.#entries.delete(begun.entry); // the end says all that the beginning says
    const { own, term } = begun;
    const [oldest] = this.#entries;
    if (oldest !== undefined && this.#entries.size >= MOST_WAITING) this.#entries.delete(oldest);
    const ended = { ...term, until: Math.max(until, term.from), why: code };
    this.#add(() => writeEnd(this.#parts, own.lease, ended));
  }

  get #parts(): Parameters<typeof writeEnd>[0] {
    const { name, session } = this.#context;
    return { name, store: session.store };
  }

  async #append(own: OwnKey, term: RecordedTerm, isFirst: boolean): Promise<void> {
    const appended = await appendTerm(this.#parts, own, term, { most: this.#most, isFirst });
    if (appended !== 'later version') return;
    this.#context.log().warn({}, 'the history is of a later version of this library: this term is not recorded');
  }

  #add(write: Entry['write']): Entry {
    const entry: Entry = { write, isFirst: true, attempt: undefined };
    this.#entries.add(entry);
    this.#try(entry);
    return entry;
  }

  #retry(): void {
    for (const entry of [...this.#entries]) this.#try(entry);
  }

  #try(entry: Entry): void {
    if (entry.attempt !== undefined) return;
    const { isFirst } = entry;
    entry.isFirst = false;
    entry.attempt = entry
      .write(isFirst)
      .then(
        () => void this.#entries.delete(entry),
        (err: unknown) => this.#failed(entry, err),
      )
      .finally(() => {
        entry.attempt = undefined;
      });
  }

  #failed(entry: Entry, err: unknown): void {
    const { log } = this.#context;
    if (isOutage(err)) return log().debug({ err }, 'the term is not recorded yet: trying again');
    this.#entries.delete(entry);
    if (err instanceof ClientClosed) log().debug({ err }, 'the end of the term is not recorded: the client is closed');
    else log().warn({ err }, 'etcd refuses to record this term');
  }
}
