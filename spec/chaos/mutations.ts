import type { Mutation } from '../support/mutants/mutation.js';
import type { Promised } from './checker/verdict.js';

/** A mistake in lib/ and what the checker must find broken for it. */
export type ChaosMutation = Mutation<Promised>;

/** Mistakes that other election libraries have made. Chaos must find every one of them; `--break NAME` tries one. */
export const CHAOS_MUTATIONS: readonly ChaosMutation[] = [
  {
    name: 'deadline from the reply',
    file: 'lib/lease/lease.ts',
    search: 'return sentAt + 1000 * Math.min(renewDeadline, ttl * (1 - MARGIN));',
    replace: 'return performance.now() + 1000 * ttl;',
    breaks: ['one leader'],
  },
  {
    name: 'no clock',
    file: 'lib/campaign/term.ts',
    search: 'Math.max(0, this.#key.lease.remaining)',
    replace: 'Math.max(1, this.#key.lease.remaining)',
    breaks: ['one leader'],
  },
  {
    name: 'no fence',
    file: 'lib/campaign/term.ts',
    search: "etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString())",
    replace: "etcd.if('no such key', 'Create', '==', '0')",
    breaks: ['guarded writes'],
  },
  {
    name: 'no watch of the own key',
    file: 'lib/queue/place-watcher.ts',
    search: 'this.#watcher.attach({ key: this.own.key, isPatient: true }',
    replace: "this.#watcher.attach({ key: 'another', isPatient: true }",
    breaks: ['one leader'],
  },
  {
    name: 'broken pool: let go before the task has ended',
    file: 'lib/pool/partition-work.ts',
    search: 'return this.#running;',
    replace: 'return undefined;',
    breaks: ['tasks apart'],
  },
  {
    name: 'broken pool: no balance',
    file: 'lib/pool/coordination.ts',
    search: 'Math.max(1, Math.ceil(survey.size * SHARE))',
    replace: '0',
    breaks: ['balance'],
  },
];
