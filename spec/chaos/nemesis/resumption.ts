import { setTimeout as sleep } from 'node:timers/promises';
import { hexOf } from '../../../lib/store/bytes.js';
import type { MemberProcess } from '../../support/cluster/member.js';
import { microseconds } from '../log/clock.js';
import type { ChaosWorld } from '../world.js';

/** Milliseconds after which a member that goes on has heard that it does not lead raft any more. */
const SETTLES_WITHIN = 1_000;
/** Milliseconds in which a member must answer. A member that is late makes no evidence. */
const PATIENCE = 2_000;

interface LeasesAnswer {
  readonly leases?: readonly { readonly ID: string }[];
}

interface TimeToLiveAnswer {
  /** Whole seconds, rounded down; absent means 0. */
  readonly TTL?: string;
}

/**
 * Looks for leases that etcd itself ends early when a member goes on after a pause.
 *
 * A raft leader that was paused counts the leases by what it has seen. When it goes on, it can take itself for the raft
 * leader for some milliseconds, and end leases that the next raft leader has refreshed all the while. etcd gives it
 * away: a member that does not lead raft must not end leases, but the member's own counter has grown, and leases are
 * gone to which the raft leader had granted more time.
 */
export class Resumption {
  readonly #world: ChaosWorld;
  readonly #member: MemberProcess;
  /** How many leases the member had ended before the pause; undefined: it did not answer. */
  readonly #counted: number | undefined;

  private constructor(world: ChaosWorld, member: MemberProcess, counted: number | undefined) {
    this.#world = world;
    this.#member = member;
    this.#counted = counted;
  }

  /** Pauses the member. */
  static async pause(world: ChaosWorld, member: MemberProcess): Promise<Resumption> {
    const counted = await expiredBy(member).catch(() => undefined);
    member.pause();
    return new Resumption(world, member, counted);
  }

  /** Lets the member go on. What it ends is written down later. */
  async resume(): Promise<void> {
    const before = await this.#leases().catch(() => undefined);
    const at = microseconds();
    this.#member.resume();
    if (before === undefined || this.#counted === undefined) return;
    this.#world.later(this.#look(at, before, this.#counted).catch(() => {})); // no answer is no evidence
  }

  async #look(at: number, { leader, dueAt }: Leases, counted: number): Promise<void> {
    await sleep(SETTLES_WITHIN);
    if (!(await leader.isRaftLeader()) || (await this.#member.isRaftLeader())) return;
    const count = (await expiredBy(this.#member)) - counted;
    const left = new Set(await idsOn(leader));
    const early = [...dueAt].filter(([id]) => !left.has(id)).map(([id, due]) => [hexOf(BigInt(id)), due] as const);
    if (count > 0 && early.length > 0) this.#world.log.add(['A', at, this.#member.name, count, early]);
  }

  /** What the raft leader of the moment knows of all leases; undefined while there is none. */
  async #leases(): Promise<Leases | undefined> {
    const others = this.#world.cluster.members.filter((member) => member !== this.#member);
    const leads = await Promise.all(others.map((member) => member.isRaftLeader()));
    const leader = others.find((_, i) => leads[i]);
    if (leader === undefined) return undefined;
    const ids = await idsOn(leader);
    const dueAt = await Promise.all(
      ids.map(async (id) => {
        const asked = microseconds();
        const { TTL = '0' } = await ask<TimeToLiveAnswer>(leader, 'timetolive', { ID: id });
        return [id, asked + 1_000_000 * Number(TTL)] as const;
      }),
    );
    return { leader, dueAt: new Map(dueAt) };
  }
}

interface Leases {
  readonly leader: MemberProcess;
  /** For each lease the moment, in microseconds, until which it lasts at least. */
  readonly dueAt: ReadonlyMap<string, number>;
}

async function idsOn(member: MemberProcess): Promise<string[]> {
  const { leases = [] } = await ask<LeasesAnswer>(member, 'leases', {});
  return leases.map(({ ID }) => ID);
}

/** How many leases the member has ended because they had run out, since its start. */
async function expiredBy(member: MemberProcess): Promise<number> {
  const count = /^etcd_debugging_server_lease_expired_total (\S+)$/m.exec(await member.metrics())?.[1];
  if (count === undefined) throw new Error(`${member.name} does not count the leases that it ends`);
  return Number(count);
}

/** Asks the member itself, and no other member in its place. */
async function ask<T>({ host }: MemberProcess, what: string, body: object): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE);
  const response = await fetch(`${host}/v3/lease/${what}`, { method: 'POST', body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${what}: ${response.status}`);
  return (await response.json()) as T;
}
