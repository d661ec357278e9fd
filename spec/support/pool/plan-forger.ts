import type { Etcd3 } from 'etcd3';
import type { Random } from '../random.js';

/** Milliseconds for a read or a write. */
const PATIENCE = 2_000;
/** Old plans that are kept. */
const MOST_OLD = 50;

/** A lease that nobody has. */
const NO_LEASE = 'deadbeef';

/** What is done to the plan of a worker. */
export const FORGERIES = [
  'wrong',
  'all',
  'nothing',
  'given away',
  'given to nobody',
  'old',
  'another’s',
  'nonsense',
  'dropped',
] as const;

export type Forgery = (typeof FORGERIES)[number];

/** Who is hit: a worker of the pool, by its lease in hex. */
interface Target {
  readonly lease: string;
  readonly others: readonly string[];
  /** The plans of now, by lease. */
  readonly plans: ReadonlyMap<string, string>;
}

/** Writes what no coordinator would write over the plans of a pool, on the workers' leases, and deletes plans. */
export class PlanForger {
  readonly #etcd: Etcd3;
  readonly #pool: string;
  readonly #partitions: number;
  readonly #random: Random;
  readonly #old: string[] = [];
  #count = 0;

  constructor(etcd: Etcd3, pool: string, partitions: number, random: Random) {
    this.#etcd = etcd;
    this.#pool = pool;
    this.#partitions = partitions;
    this.#random = random;
  }

  /**
   * Forges one plan; each time in another way. Resolves to how and whose; undefined: there is nothing to forge. Rejects
   * when etcd does not answer, or the worker's lease has just ended.
   */
  async forge(): Promise<{ readonly how: Forgery; readonly lease: string } | undefined> {
    const leases = [...(await this.#read('members')).keys()];
    const plans = await this.#read('plan');
    this.#remember([...plans.values()]);
    if (leases.length === 0) return undefined;
    const lease = this.#random.pick(leases);
    const how = FORGERIES[this.#count++ % FORGERIES.length] as Forgery;
    const plan = this.#planOf(how, { lease, others: leases.filter((other) => other !== lease), plans });
    const key = `${this.#pool}/plan/${lease}`;
    const options = { deadline: Date.now() + PATIENCE };
    if (plan === undefined) await this.#etcd.delete().key(key).options(options);
    else {
      const id = BigInt(`0x${lease}`).toString();
      await this.#etcd.put(key).value(plan).lease(id).options(options);
    }
    return { how, lease };
  }

  /** Undefined: it is to be deleted. */
  #planOf(how: Forgery, { others, plans }: Target): string | undefined {
    const all = Array.from({ length: this.#partitions }, (_, index) => index);
    const some = all.filter(() => this.#random.chance(0.4));
    const write = (own: readonly (number | readonly number[])[], give: Readonly<Record<string, string>> = {}): string =>
      JSON.stringify({ v: 1, by: '1', own, give });
    const givenTo = (leases: readonly string[]): Record<string, string> =>
      leases.length === 0 ? {} : Object.fromEntries(some.map((index) => [index, this.#random.pick(leases)]));
    switch (how) {
      case 'wrong':
        return write(some);
      case 'all':
        return write([[0, this.#partitions - 1]]);
      case 'nothing':
        return write([]);
      case 'given away':
        return write([], givenTo(others));
      case 'given to nobody':
        return write([], givenTo([NO_LEASE]));
      case 'old':
        return this.#random.pick([...this.#old, write([])]);
      case 'another’s':
        return this.#random.pick([...others.flatMap((other) => plans.get(other) ?? []), write(all)]);
      case 'nonsense':
        return '{"v":1';
      case 'dropped':
        return undefined;
    }
  }

  /** By lease. */
  async #read(folder: 'members' | 'plan'): Promise<Map<string, string>> {
    const prefix = `${this.#pool}/${folder}/`;
    const found = await this.#etcd
      .getAll()
      .prefix(prefix)
      .options({ deadline: Date.now() + PATIENCE })
      .strings();
    return new Map(Object.entries(found).map(([key, value]) => [key.slice(prefix.length), value]));
  }

  #remember(plans: readonly string[]): void {
    for (const plan of plans) if (!this.#old.includes(plan)) this.#old.push(plan);
    if (this.#old.length > MOST_OLD) this.#old.splice(0, this.#old.length - MOST_OLD);
  }
}
