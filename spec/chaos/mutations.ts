import type { Mutation } from '../support/mutants/mutation.js';
import type { Promised } from './checker/verdict.js';
import type { FaultKind } from './nemesis/kinds.js';

/** A mistake in lib/, what the checker must find broken for it, and the run of chaos that is long enough for that. */
export interface ChaosMutation extends Mutation<Promised> {
  readonly faults: readonly FaultKind[];
  readonly minutes: number;
}

/**
 * Mistakes that other election libraries have made. Chaos must find every one of them. `--break NAME` tries one, and
 * `npm run test:mutations -- --of chaos` tries all.
 */
export const CHAOS_MUTATIONS: readonly ChaosMutation[] = [
  {
    name: 'deadline from the reply',
    file: 'lib/lease/lease.ts',
    search: 'return sentAt + 1000 * Math.min(renewDeadline, ttl * (1 - MARGIN));',
    replace: 'return performance.now() + 1000 * ttl;',
    breaks: ['one leader'],
    faults: ['late then deaf'],
    minutes: 1.5,
  },
  {
    name: 'no clock',
    file: 'lib/campaign/term.ts',
    search: 'Math.max(0, this.#key.lease.remaining)',
    replace: 'Math.max(1, this.#key.lease.remaining)',
    breaks: ['one leader'],
    faults: ['pause', 'block'],
    minutes: 0.8,
  },
  {
    name: 'no fence',
    file: 'lib/campaign/term.ts',
    search: "etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString())",
    replace: "etcd.if('no such key', 'Create', '==', '0')",
    breaks: ['guarded writes'],
    faults: ['step down', 'key deletion', 'lease revocation'],
    minutes: 0.7,
  },
  {
    name: 'no watch of the own key',
    file: 'lib/queue/place-watcher.ts',
    search: 'this.#watcher.attach({ key: this.own.key, isPatient: true }',
    replace: "this.#watcher.attach({ key: 'another', isPatient: true }",
    breaks: ['one leader'],
    faults: ['key deletion', 'lease revocation', 'step down'],
    minutes: 0.8,
  },
  {
    name: 'broken pool: let go before the task has ended',
    file: 'lib/pool/partition-work.ts',
    search: 'return this.#running;',
    replace: 'return undefined;',
    breaks: ['tasks apart'],
    faults: ['stop and start'],
    minutes: 1,
  },
  {
    name: 'broken pool: no balance',
    file: 'lib/pool/coordination.ts',
    search: 'Math.max(1, Math.ceil(survey.size * SHARE))',
    replace: '0',
    breaks: ['balance'],
    faults: ['stop and start'],
    minutes: 0.5,
  },
];
