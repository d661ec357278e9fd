import type { Etcd3 } from 'etcd3';
import { Election, Session } from '../../lib/index.js';
import { uniqueName } from '../../spec/support/unique-name.js';
import { until as eventually } from '../../spec/support/wait.js';
import { type Fleet, type FleetState, FleetTally } from './fleet.js';

const LONG = 600_000;

/** Elections on one session, with what an application listens to. */
export class OurFleet implements Fleet {
  readonly #client: Etcd3;
  readonly #session: Session;
  readonly #elections: Election[] = [];
  #led: FleetTally | undefined;
  #errors = 0;

  constructor(client: Etcd3, ttl: number) {
    this.#client = client;
    this.#session = new Session(client, { ttl });
  }

  get errors(): number {
    return this.#errors;
  }

  /** Starts one election, because a session takes its lease when it is first used. */
  async ready(): Promise<void> {
    await new Election(this.#session, uniqueName(), { observe: false }).start().elected();
  }

  async launch(names: readonly string[], until: FleetState): Promise<void> {
    this.#led = new FleetTally(names.length);
    const onElected = (): void => this.#led?.add();
    const onError = (): void => {
      this.#errors++;
    };
    for (const name of names) {
      const election = new Election(this.#session, name, { observe: false });
      election.on('elected', onElected).on('unelected', onError).on('error', onError).start();
      this.#elections.push(election);
    }
    if (until === 'leading') return await this.#led.reached;
    const areWaiting = (): boolean => this.#elections.every(({ state }) => state === 'waiting');
    await eventually(areWaiting, { within: LONG, what: 'all to wait' });
  }

  async takeOver(): Promise<void> {
    await this.#led?.reached;
  }

  async close(): Promise<void> {
    await this.#session.close();
    this.#client.close();
  }
}
