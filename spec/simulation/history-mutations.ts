import type { Mutation } from '../support/mutants/mutation.js';
import type { Check } from './violation.js';

/** Mistakes about an etcd whose history begins anew, and about a lease that is gone though refreshes succeed. */
export const HISTORY_MUTATIONS: readonly Mutation<Check>[] = [
  {
    name: 'a new history is believed at once',
    file: 'lib/store/history.ts',
    search: "if (now - this.#older.since < this.#patience) return 'older';",
    replace: '',
    breaks: ['a: one leader'],
  },
  {
    name: 'a new history is never believed',
    file: 'lib/store/history.ts',
    search: "if (now - this.#older.since < this.#patience) return 'older';",
    replace: "return 'older';",
    breaks: ['f: somebody leads'],
  },
  {
    name: 'another cluster is not known by its id',
    file: 'lib/store/history.ts',
    search: 'const isOfOther = cluster !== undefined && this.#cluster !== undefined && cluster !== this.#cluster;',
    replace: 'const isOfOther = false;',
    breaks: ['a: one leader'],
  },
  {
    name: 'watches of the history before go on',
    file: 'lib/store/monotonic-store.ts',
    search: "if (verdict === 'new history') this.#renewWatches();",
    replace: '',
    breaks: ['f: somebody leads'],
  },
  {
    name: 'a leader goes on when etcd has gone back',
    file: 'lib/campaign/candidacy.ts',
    search: 'if (error instanceof StaleAnswer)',
    replace: 'if (false)',
    breaks: ['a: one leader'],
  },
  {
    name: 'answers do not say to which history they belong',
    file: 'lib/store/monotonic-store.ts',
    search: 'return { ...result, history: this.#history.number };',
    replace: 'return result;',
    breaks: ['f: somebody leads'],
  },
  {
    name: 'a key taken for another of the same revision in another history',
    file: 'lib/queue/keys.ts',
    search: 'one?.createRevision === other?.createRevision && one?.key === other?.key',
    replace: 'one?.createRevision === other?.createRevision',
    breaks: ['f: somebody leads'],
  },
  {
    name: 'a lease that etcd did not know at the join is kept',
    file: 'lib/campaign/joining.ts',
    search: 'session.lease.reportLost(lease, error);',
    replace: '',
    breaks: ['f: somebody leads'],
  },
];
