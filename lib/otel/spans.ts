import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Election } from '../election.js';
import type { ElectionError, ElectionErrorCode } from '../errors.js';
import type { ElectionEventName, ElectionListener } from '../events.js';
import type { Leadership } from '../leadership.js';
import { ATTRIBUTE } from './instruments.js';

/** Ends of a term that somebody has wanted. */
const PLANNED: ReadonlySet<ElectionErrorCode> = new Set(['STOPPED', 'STEPPED_DOWN', 'ABORTED']);

/** The span of each term, for as long as somebody holds the term's `Leadership`. */
const terms = new WeakMap<Leadership, Span>();

/** The context with the span of this term in it; or the present context, when the term has no span. */
export function contextOf(leadership: Leadership): Context {
  const span = terms.get(leadership);
  return span === undefined ? context.active() : trace.setSpan(context.active(), span);
}

/** Writes a span for each term of this candidate, and for each handover that this candidate sees. */
export class Spans {
  readonly #election: Election;
  readonly #tracer: Tracer;
  readonly #unsubscribe: (() => void)[] = [];
  #term: Span | undefined;
  /** A handover that goes on: the last leader has gone, and the next one is not known yet. */
  #handover: Span | undefined;
  /** The token of the leader that was seen last; and in which life of the candidate, which hears nothing in between. */
  #token: bigint | undefined;
  #life: number | undefined;

  constructor(election: Election, tracer: Tracer) {
    this.#election = election;
    this.#tracer = tracer;
  }

  start(): void {
    const { leadership } = this.#election;
    if (leadership !== undefined) this.#onElected(leadership);
    this.#listen('elected', (term) => this.#onElected(term));
    this.#listen('unelected', (term, reason) => this.#onUnelected(term, reason));
    this.#listen('leader', (_, candidate) => {
      if (candidate === undefined) this.#begin();
      else this.#end(candidate.fencingToken);
    });
    this.#listen('suspended', ({ code }) => this.#term?.addEvent('suspended', { [ATTRIBUTE.error]: code }));
    this.#listen('resumed', () => this.#term?.addEvent('resumed'));
  }

  /** Spans that go on are ended as they are. */
  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#term?.end();
    this.#handover?.end();
    this.#term = undefined;
    this.#handover = undefined;
  }

  #listen<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): void {
    this.#election.on(event, listener);
    this.#unsubscribe.push(() => this.#election.off(event, listener));
  }

  #onElected(term: Leadership): void {
    this.#end(term.fencingToken);
    this.#term = this.#start('etcd_leader.term', {
      [ATTRIBUTE.fencingToken]: term.fencingToken.toString(),
      [ATTRIBUTE.leaseId]: term.leaseId,
    });
    terms.set(term, this.#term);
  }

  #onUnelected(term: Leadership, { code, message }: ElectionError): void {
    this.#term?.setAttribute(ATTRIBUTE.reason, code);
    if (!PLANNED.has(code)) {
      this.#term?.setAttribute(ATTRIBUTE.error, code);
      this.#term?.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    this.#term?.end();
    this.#term = undefined;
    this.#token = term.fencingToken;
    this.#begin();
  }

  #begin(): void {
    if (this.#handover !== undefined || this.#token === undefined || !this.#election.isRunning()) return;
    this.#handover = this.#start('etcd_leader.handover', { [ATTRIBUTE.previousToken]: this.#token.toString() });
  }

  #end(token: bigint): void {
    if (token === this.#token) return; // the leader has proclaimed another value, or our own election is told twice
    const isNewLife = this.#life !== this.#election.lives;
    if (!isNewLife) this.#begin(); // when nobody has heard before that the last leader had gone
    const span = this.#handover;
    this.#handover = undefined;
    this.#token = token;
    this.#life = this.#election.lives;
    if (isNewLife) return; // a span that began before the candidate was stopped is never ended, and so not reported
    span?.setAttribute(ATTRIBUTE.fencingToken, token.toString());
    span?.setAttribute(ATTRIBUTE.isLeader, this.#election.leadership?.fencingToken === token);
    span?.end();
  }

  /** Each span is the root of a trace, because a term outlives whatever has begun it. */
  #start(name: string, attributes: Attributes): Span {
    const all = { [ATTRIBUTE.election]: this.#election.name, ...attributes };
    return this.#tracer.startSpan(name, { attributes: all, root: true }, ROOT_CONTEXT);
  }
}
