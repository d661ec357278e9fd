import type { Mutation } from '../support/mutants/mutation.js';

/** A mistake in lib/pool/, and the specs of which one must fail for it: files beside this one. */
export type PoolMutation = Mutation<string>;

/** The specs of the pool must find each of these mistakes. `node dist/spec/pool/try-mutations.js` tries them all. */
export const MUTATIONS: readonly PoolMutation[] = [
  {
    name: 'no fence in the plan',
    file: 'lib/pool/plan-writer.ts',
    search: '      { key: keyFrom(key), createRevision: fencingToken },\n',
    replace: '',
    breaks: ['plan-writer.spec.js'],
  },
  {
    name: 'a plan for a member that has gone',
    file: 'lib/pool/plan-writer.ts',
    search: 'this.#keys.member(member.lease), createRevision: member.createRevision })),',
    replace: 'this.#keys.member(member.lease), createRevision: member.createRevision })).slice(0, 0),',
    breaks: ['plan-writer.spec.js'],
  },
  {
    name: 'a plan without the worker’s lease',
    file: 'lib/pool/plan-writer.ts',
    search: '      lease: member.lease,\n',
    replace: '      lease: 0n,\n',
    breaks: ['pool.spec.js', 'simulation.spec.js'],
  },
  {
    name: 'a list is deleted though a worker has just joined',
    file: 'lib/pool/old-lists.ts',
    search: 'createdBefore: youngest + 1n',
    replace: 'createdBefore: 2n ** 60n',
    breaks: ['old-lists.spec.js'],
  },
  {
    name: 'a join that does not look whether its list is there',
    file: 'lib/pool/member-keys.ts',
    search: 'return [{ key, createRevision: this.#list }];',
    replace: 'return [];',
    breaks: ['lists.spec.js'],
  },
  {
    name: 'let go before the successor stands',
    file: 'lib/pool/worker.ts',
    search: 'else post.give(successor, plannedAt);',
    replace: 'else void post.end(this.#reason);',
    breaks: ['plan.spec.js'],
  },
  {
    name: 'let go before the task has ended',
    file: 'lib/pool/partition-work.ts',
    search: 'return this.#running;',
    replace: 'return undefined;',
    breaks: ['run.spec.js'],
  },
  {
    name: 'orphans delayed by settle',
    file: 'lib/pool/coordination.ts',
    search: 'if (survey.isCold && !isDue) return;',
    replace: 'if (!isDue) return;',
    breaks: ['coordinator.spec.js'],
  },
  {
    name: 'no settle at a cold start',
    file: 'lib/pool/coordination.ts',
    search: 'if (survey.isCold && !isDue) return;',
    replace: '',
    breaks: ['pool.spec.js'],
  },
  {
    name: 'no budget',
    file: 'lib/pool/coordination.ts',
    search: 'Math.max(1, Math.ceil(survey.size * SHARE))',
    replace: 'survey.size',
    breaks: ['coordinator.spec.js'],
  },
  {
    name: 'remainder to the wrong side',
    file: 'lib/pool/quotas.ts',
    search: 'return b.excess - a.excess || a.at - b.at;',
    replace: 'return a.excess - b.excess || a.at - b.at;',
    breaks: ['planner.spec.js'],
  },
  {
    name: 'a successor’s key is believed without its lease',
    file: 'lib/pool/successor-wait.ts',
    search: 'kv !== undefined && hexOf(kv.lease) === this.lease',
    replace: 'kv !== undefined',
    breaks: ['plan.spec.js'],
  },
  {
    name: 'a successor that stood before its plan is waited for for ever',
    file: 'lib/pool/successor-wait.ts',
    search: '    this.#freshRead.after(PATIENCE);\n',
    replace: '',
    breaks: ['plan.spec.js'],
  },
  {
    name: 'a successor is followed from a revision after its key',
    file: 'lib/pool/successor-wait.ts',
    search: 'plannedAt + 1n',
    replace: 'plannedAt + 2n ** 40n',
    breaks: ['plan.spec.js'],
  },
  {
    name: 'a worker stands again after a lost lease, without a plan',
    file: 'lib/pool/life.ts',
    search: '      void this.worker.releaseAll(reason);\n',
    replace: '',
    breaks: ['plan.spec.js'],
  },
  {
    name: 'a member that takes nothing is given more',
    file: 'lib/pool/slow-members.ts',
    search: 'return pending !== undefined && this.#dueAt(pending) <= now;',
    replace: 'return false;',
    breaks: ['coordinator.spec.js'],
  },
  {
    name: 'a coordinator that cannot write its plans stays',
    file: 'lib/pool/coordination.ts',
    search: 'const MOST_FAILURES = 3;',
    replace: 'const MOST_FAILURES = 1_000;',
    breaks: ['coordination.spec.js'],
  },
  {
    name: 'a worker leaves without a word',
    file: 'lib/pool/leaving.ts',
    search: 'membership.update({ isLeaving: true })',
    replace: 'membership.update({})',
    breaks: ['handover.spec.js', 'run.spec.js'],
  },
];
