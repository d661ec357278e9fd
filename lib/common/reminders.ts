/**
 * Milliseconds after its beginning at which a trouble that lasts is told again, and from then on the milliseconds
 * between two tellings.
 */
const AGAIN = [10_000, 30_000, 60_000, 300_000] as const;
const AT_LAST = 300_000;

/** Milliseconds. A trouble that was not noticed for so long is over: everything that fails is tried again sooner. */
const FORGOTTEN = 30_000;

interface Trouble {
  readonly since: number;
  noticed: number;
  /** How often the trouble was told. */
  told: number;
  /** When the trouble is told again. */
  due: number;
}

/** When to tell of a trouble that is noticed again and again: when it begins, and then at growing intervals. */
export class Reminders {
  readonly #troubles = new Map<string, Trouble>();

  /** A trouble of this kind is noticed. Returns how long it has lasted (ms) if it is to be told now, else undefined. */
  due(kind: string, now: number): number | undefined {
    const known = this.#troubles.get(kind);
    const isNew = known === undefined || now - known.noticed > FORGOTTEN;
    const trouble = isNew ? { since: now, noticed: now, told: 0, due: now } : known;
    this.#troubles.set(kind, trouble);
    trouble.noticed = now;
    if (now < trouble.due) return undefined;
    while (trouble.due <= now) trouble.due = next(trouble);
    return now - trouble.since;
  }
}

/** The moments are counted from the beginning, so that a late notice does not put off the following ones. */
function next(trouble: Trouble): number {
  const again = AGAIN[trouble.told++];
  return again === undefined ? trouble.due + AT_LAST : trouble.since + again;
}

/** How long something has lasted, for people. */
export function duration(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
