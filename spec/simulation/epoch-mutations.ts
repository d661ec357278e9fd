import type { Mutation } from '../support/mutants/mutation.js';
import type { Check } from './violation.js';

/** Mistakes about an etcd whose history begins anew. */
export const EPOCH_MUTATIONS: readonly Mutation<Check>[] = [
  {
    name: 'a new history is believed at once',
    file: 'lib/store/revision-history.ts',
    search: "if (this.#clock.now() - since < this.#patience) return 'older';",
    replace: '',
    breaks: ['a: one leader'],
  },
  {
    name: 'a new history is never believed',
    file: 'lib/store/revision-history.ts',
    search: "if (this.#clock.now() - since < this.#patience) return 'older';",
    replace: "return 'older';",
    breaks: ['f: somebody leads'],
  },
  {
    name: 'a lease that a snapshot has brought back is kept',
    file: 'lib/lease/lease.ts',
    search: "this.#on.lost(new ElectionError('LEASE_LOST', RESTORED), true);",
    replace: '',
    breaks: ['f: somebody leads'],
  },
  {
    name: 'another cluster is not known by its id',
    file: 'lib/store/revision-history.ts',
    search: 'return a !== undefined && b !== undefined && a !== b;',
    replace: 'return false;',
    breaks: ['a: one leader'],
  },
  {
    name: 'answers do not say to which history they belong',
    file: 'lib/store/monotonic-store.ts',
    search: 'return { ...result, epoch: this.#history.epoch };',
    replace: 'return result;',
    breaks: ['f: somebody leads'],
  },
];
