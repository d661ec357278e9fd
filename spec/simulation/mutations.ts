/** A mistake that somebody could make in lib/, as one replacement in its source. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Found exactly once, or the table is out of date. */
  readonly search: string;
  readonly replace: string;
}

const GUARD = 'compare: [{ key: own.key, createRevision: own.createRevision }],';

/** Each must be found by the simulation; `npm run test:mutations` tries them all. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'deadline of a refresh counted from the reply',
    file: 'lib/refresher.ts',
    search: 'this.#on.renewed(attempt.sentAt, ttl);',
    replace: 'this.#on.renewed(this.#clock.now(), ttl);',
  },
  {
    name: 'deadline of a grant counted from the reply',
    file: 'lib/granting.ts',
    search: 'this.#use(id, sentAt, granted ?? ttl);',
    replace: 'this.#use(id, clock.now(), granted ?? ttl);',
  },
  { name: 'no margin for clocks that differ', file: 'lib/lease.ts', search: 'ttl * (1 - MARGIN)', replace: 'ttl' },
  {
    name: 'leadership ends by timers only, not by the clock',
    file: 'lib/leadership.ts',
    search: '? 0 : Math.max(0, this.#parts.lease.remaining)',
    replace: '? 0 : 1',
  },
  {
    name: 'a late refresh revives a term that has run out',
    file: 'lib/holding.ts',
    search: 'if (this.lease.remaining <= 0) return this.#on.expired();\n    this.lease.renewed(sentAt, ttl);',
    replace: 'this.lease.renewed(sentAt, ttl);',
  },
  {
    name: 'a repeated grant with an unknown TTL trusted',
    file: 'lib/granting.ts',
    search: 'granted === undefined && isRepeated',
    replace: 'false',
  },
  {
    name: 'no new lease after a loss',
    file: 'lib/session.ts',
    search: 'if (!this.#roster.isEmpty) this.#startGranting();',
    replace: '',
  },
  {
    name: 'own key not watched',
    file: 'lib/standing.ts',
    search: 'this.#unfollowOwn = watch.follow({ key: place.own.key, isPatient: true }, place.revision + 1n, this);',
    replace: 'this.#unfollowOwn = () => {};',
  },
  {
    name: 'predecessor watched from one revision too late',
    file: 'lib/standing.ts',
    search: 'this.#watch.follow({ key: place.before }, place.revision + 1n, this)',
    replace: 'this.#watch.follow({ key: place.before }, place.revision + 2n, this)',
  },
  {
    name: 'a watch that is created keeps its turn from the next',
    file: 'lib/creations.ts',
    search: 'this.#asked.delete(id);',
    replace: '',
  },
  {
    name: 'promotion by the event, without a read',
    file: 'lib/standing.ts',
    search: "if (event.type === 'delete' || (event.kv?.createRevision ?? 0n) > this.own.createRevision) this.#read();",
    replace:
      "const { own } = this; if (event.type === 'delete') this.#on.first(this, { own, before: undefined, revision: event.revision, kv: { ...own, value: Buffer.alloc(0), modRevision: own.createRevision } });",
  },
  {
    name: 'no read after a watch was interrupted',
    file: 'lib/watch.ts',
    search: 'entry.isInterrupted = false;\n    entry.tell((follower) => follower.reset());',
    replace: 'entry.isInterrupted = false;',
  },
  {
    name: 'a watch that was compacted away is not started again',
    file: 'lib/watch.ts',
    search: 'if (compacted !== undefined) {',
    replace: 'if (compacted !== undefined) { return;',
  },
  {
    name: 'a silent watch stream is trusted for ever',
    file: 'lib/watch.ts',
    search: 'this.#reopen(true);',
    replace: '',
  },
  {
    name: 'no check after the join whether it is still wanted',
    file: 'lib/entrance.ts',
    search: 'if (!this.#isClosed && this.#on.takeTicket()?.lease === lease) {',
    replace: 'if (true) {',
  },
  {
    name: 'a place that came too late is not given back',
    file: 'lib/entrance.ts',
    search: 'await this.#abandon(lease, place.own);',
    replace: '',
  },
  {
    name: 'key without the lease',
    file: 'lib/candidacy.ts',
    search: "const join: Op[] = [{ type: 'put', key, value, lease }",
    replace: "const join: Op[] = [{ type: 'put', key, value, lease: 0n }",
  },
  {
    name: 'delete without a guard',
    file: 'lib/candidacy.ts',
    search: `${GUARD}\n      success: [{ type: 'delete'`,
    replace: "compare: [],\n      success: [{ type: 'delete'",
  },
  {
    name: 'proclaim without a guard',
    file: 'lib/candidacy.ts',
    search: `${GUARD}\n      success: [{ type: 'put'`,
    replace: "compare: [],\n      success: [{ type: 'put'",
  },
  {
    name: 'queue in the order of the last change',
    file: 'lib/candidacy.ts',
    search: 'if (a.createRevision !== b.createRevision) return a.createRevision < b.createRevision ? -1 : 1;',
    replace: 'if (a.modRevision !== b.modRevision) return a.modRevision < b.modRevision ? -1 : 1;',
  },
  {
    name: 'a key that is being deleted is taken up again',
    file: 'lib/candidacy.ts',
    search: '!this.#doomed.has(found.createRevision)',
    replace: 'true',
  },
  {
    name: 'keys of nested elections taken for candidates',
    file: 'lib/keys.ts',
    search: "key.length > prefix.length && !key.includes('/', prefix.length)",
    replace: 'key.length > prefix.length',
  },
  {
    name: 'the key is given back before the work has ended',
    file: 'lib/departure.ts',
    search: 'if (work !== undefined && !(await',
    replace: 'if (false && !(await',
  },
  {
    name: 'a key that could not be given back is left',
    file: 'lib/remains.ts',
    search: 'this.#block(election, this.#insist(first, leave), candidacy);',
    replace: 'first.catch(() => {});',
  },
  {
    name: 'a join carried out twice is not looked out for',
    file: 'lib/remains.ts',
    search: 'if (isLast) this.#listen(',
    replace: 'if (isLast && false) this.#listen(',
  },
  {
    name: 'a key that somebody else has written is left like that',
    file: 'lib/announcement.ts',
    search: 'return this.#seen > this.#written && this.#lastTurn === undefined;',
    replace: 'return false;',
  },
  {
    name: 'an observer does not read when the leader goes',
    file: 'lib/lookout.ts',
    search: 'this.#readIn(HEAD_START + Math.min(LONGEST_HEAD_START, HEAD_START_EACH * others) + spread(others));',
    replace: '',
  },
  {
    name: 'the signal of a term is not aborted when it ends',
    file: 'lib/campaign.ts',
    search: 'previous.term.end(reason);',
    replace: '',
  },
  {
    name: 'results of a batch handed to the wrong waiter',
    file: 'lib/batch.ts',
    search: 'ranges.slice(from, to)',
    replace: 'ranges.slice(0, to - from)',
  },
  {
    name: 'a stream of refreshes is left open',
    file: 'lib/refresher.ts',
    search: 'for (const { stream } of this.#attempts) stream.close();',
    replace: '',
  },
];
