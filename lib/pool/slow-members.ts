import { NOBODY, type Survey } from './survey.js';
import type { TimeSlice } from './time-slice.js';

/** Milliseconds for which a member that does not take its partitions is given nothing, at the most. */
const LONGEST_REST = 600_000;

interface Pending {
  readonly hex: string;
  readonly since: number;
}

interface Slowness {
  readonly until: number;
  readonly rest: number;
}

/**
 * Whether the members stand for what they were given. A member that has not stood for a partition within
 * `handoffTimeout`, and not for any other meanwhile, is slow: the partition is planned for another, and for a while the
 * member is given nothing. It is given partitions again as soon as it stands for one.
 */
export class SlowMembers {
  readonly #handoffTimeout: number;
  /** By partition: which member was given it and does not stand for it, and since when. */
  #pending = new Map<string, Pending>();
  /** By lease: when the member has last stood for something that it was given. */
  readonly #progress = new Map<string, number>();
  /** By lease: until when the member is slow. */
  readonly #slow = new Map<string, Slowness>();

  constructor(handoffTimeout: number) {
    this.#handoffTimeout = handoffTimeout;
  }

  isSlow(hex: string, now: number): boolean {
    return (this.#slow.get(hex)?.until ?? now) > now;
  }

  /** Compares the plans with the queues. */
  async look(survey: Survey, now: number, slice: TimeSlice): Promise<void> {
    const before = this.#pending;
    const pending = new Map<string, Pending>();
    await slice.each(survey.size, (partition) => {
      const at = survey.planned[partition] ?? NOBODY;
      const member = survey.members[at]?.member;
      if (member === undefined || member.isLeaving || member.isUnfit) return;
      if (survey.holders[partition] === at && before.size === 0) return; // as nearly all are
      const name = survey.name(partition);
      const known = before.get(name);
      const wasPending = known?.hex === member.hex;
      if (!survey.stands(partition, at)) {
        pending.set(name, wasPending ? known : { hex: member.hex, since: now });
      } else if (wasPending) {
        this.#progress.set(member.hex, now);
        this.#slow.delete(member.hex);
      }
    });
    this.#pending = pending;
    for (const hex of this.#overdue(now)) {
      const rest = Math.min(LONGEST_REST, 2 * (this.#slow.get(hex)?.rest ?? this.#handoffTimeout / 2));
      if (!this.isSlow(hex, now)) this.#slow.set(hex, { until: now + rest, rest });
    }
    this.#forget(survey);
  }

  /** Whether the partition must be planned for another. */
  isOverdue(partition: string, now: number): boolean {
    const pending = this.#pending.get(partition);
    return pending !== undefined && this.#dueAt(pending) <= now;
  }

  /** When something becomes overdue, or a slow member may be tried again; undefined: nothing does. */
  nextAt(now: number): number | undefined {
    const times = [...this.#slow.values()].map(({ until }) => until);
    for (const pending of this.#pending.values()) times.push(this.#dueAt(pending));
    return times.reduce<number | undefined>((next, at) => (at > now && at < (next ?? at + 1) ? at : next), undefined);
  }

  #overdue(now: number): Set<string> {
    const found = new Set<string>();
    for (const pending of this.#pending.values()) if (this.#dueAt(pending) <= now) found.add(pending.hex);
    return found;
  }

  #dueAt({ hex, since }: Pending): number {
    return Math.max(since, this.#progress.get(hex) ?? since) + this.#handoffTimeout;
  }

  /** Leases that are gone never come back. */
  #forget(survey: Survey): void {
    const present = new Set(survey.members.map(({ member }) => member.hex));
    for (const known of [this.#progress, this.#slow]) {
      for (const hex of known.keys()) if (!present.has(hex)) known.delete(hex);
    }
  }
}
