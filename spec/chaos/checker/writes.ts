import type { LogRecord, TermId } from '../log/records.js';
import { groupBy } from './group.js';

/** All committed guarded writes of one term. */
interface Commits {
  readonly term: TermId;
  first: bigint;
  last: bigint;
  count: number;
  /** The number of commits that a reply told of, and the last revision that a reply named. */
  told: number;
  lastTold: bigint;
}

export interface WriteTotals {
  committed: number;
  refused: number;
  unknown: number;
  /** The commits that were found in etcd. */
  found: number;
}

/** Guarded writes in the order of etcd's revisions, by term. What is kept grows with the number of terms. */
export class Writes {
  readonly totals: WriteTotals = { committed: 0, refused: 0, unknown: 0, found: 0 };
  readonly #terms = new Map<string, Commits>();

  add(record: LogRecord): void {
    if (record[0] === 'W') {
      const [, , , term, outcome, revision] = record;
      this.totals[outcome]++;
      if (outcome !== 'committed') return;
      const commits = this.#of(term);
      commits.told++;
      if (BigInt(revision) > commits.lastTold) commits.lastTold = BigInt(revision);
    } else if (record[0] === 'J') {
      const [, term, create, mod] = record;
      this.totals.found++;
      const commits = this.#of(term);
      const first = BigInt(create);
      if (commits.count === 0 || first < commits.first) commits.first = first;
      if (BigInt(mod) > commits.last) commits.last = BigInt(mod);
      commits.count++;
    }
  }

  /** Writes that etcd accepted after a greater token, and writes that were confirmed and are not there. */
  violations(): string[] {
    const found: string[] = [];
    for (const [election, terms] of groupBy(this.#terms.values(), ({ term }) => term[0])) {
      terms.sort((a, b) => (BigInt(a.term[1]) < BigInt(b.term[1]) ? -1 : 1));
      let previous: Commits | undefined;
      for (const commits of terms) {
        const { term, first, count, told, last, lastTold } = commits;
        if (told > count || lastTold > last) {
          found.push(`${election}: ${told} writes with token ${term[1]} were confirmed, ${count} are in etcd`);
        }
        if (count === 0) continue;
        if (previous !== undefined && previous.last > first) {
          found.push(
            `${election}: token ${previous.term[1]} wrote at revision ${previous.last}, ` +
              `after token ${term[1]} had at ${first}`,
          );
        }
        if (previous === undefined || last > previous.last) previous = commits;
      }
    }
    return found;
  }

  #of(term: TermId): Commits {
    const key = term.join(' ');
    const known = this.#terms.get(key);
    if (known !== undefined) return known;
    const commits = { term, first: 0n, last: 0n, count: 0, told: 0, lastTold: 0n };
    this.#terms.set(key, commits);
    return commits;
  }
}
