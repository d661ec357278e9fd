import { GoParticipant } from '../../spec/support/go-participant.js';
import type { BenchCandidate } from './contender.js';

/** Go's `concurrency.Election`, in a process of its own. */
export class GoContender implements BenchCandidate {
  readonly #go: GoParticipant;

  constructor(hosts: readonly string[], name: string) {
    this.#go = new GoParticipant({ hosts, kind: 'election', name });
  }

  async queue(): Promise<void> {
    await this.#go.queue();
  }

  elected(): Promise<number> {
    return this.#go.first();
  }

  leave(): Promise<number> {
    return this.#go.leave();
  }
}
