import type { ElectionErrorCode } from '../errors.js';
import type { PoolEventName, PoolListener } from '../pool/events.js';
import type { Pool } from '../pool/pool.js';
import type { OfPool, OfReason, PoolGauge, PoolInstruments } from './pool-instruments.js';
import type { Source } from './sources.js';

/** Reasons of losses. Their series start at 0, so that the first loss is an increase too. */
const REASONS: readonly ElectionErrorCode[] = ['REBALANCED', 'LEASE_EXPIRED', 'LEASE_LOST', 'KEY_DELETED', 'UNHEALTHY'];

/** Follows one worker of a pool, and updates its figures at each scrape. Asks etcd for nothing. */
export class PoolRecorder implements Source {
  readonly name: string;
  readonly #pool: Pool;
  readonly #to: PoolInstruments;
  readonly #labels: OfPool;
  readonly #reasons = new Set<string>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(pool: Pool, to: PoolInstruments) {
    this.name = pool.name;
    this.#pool = pool;
    this.#to = to;
    this.#labels = { pool: pool.name };
  }

  start(): void {
    for (const reason of REASONS) this.#to.moves.inc(this.#with(reason), 0);
    this.#to.handover.zero(this.#labels);
    this.#listen('lost', (_, { code }) => this.#to.moves.inc(this.#with(code)));
    const onHandover = (ms: number): void => this.#to.handover.observe(this.#labels, ms / 1_000);
    this.#unsubscribe.push(this.#pool.figures.onHandover(onHandover));
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    const { owned, planned, unowned, members, coordinator, handover, moves } = this.#to;
    for (const metric of [owned, planned, unowned, members, coordinator, handover]) metric.remove(this.#labels);
    for (const reason of this.#reasons) moves.remove({ ...this.#labels, reason });
  }

  scrape(): void {
    const { planned, members, unowned } = this.#pool.figures;
    const owned = [...this.#pool.owned.values()].filter((ownership) => ownership.isCurrent()).length;
    this.#to.owned.set(this.#labels, owned);
    this.#to.planned.set(this.#labels, planned);
    this.#to.coordinator.set(this.#labels, Number(this.#pool.isCoordinator()));
    this.#setOrRemove(this.#to.members, members);
    this.#setOrRemove(this.#to.unowned, unowned);
  }

  #setOrRemove(gauge: PoolGauge, value: number | undefined): void {
    if (value === undefined) gauge.remove(this.#labels);
    else gauge.set(this.#labels, value);
  }

  #listen<E extends PoolEventName>(event: E, listener: PoolListener<E>): void {
    this.#pool.on(event, listener);
    this.#unsubscribe.push(() => this.#pool.off(event, listener));
  }

  #with(reason: string): OfReason {
    this.#reasons.add(reason);
    return { ...this.#labels, reason };
  }
}
