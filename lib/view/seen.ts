import { askIn } from '../queue/control-keys.js';
import { electionOf, folderOf } from '../queue/keys.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { FirstRead } from './first-read.js';
import type { ElectionPicture, Picture, PoolPicture } from './picture.js';
import { SeenElection } from './seen-election.js';
import { type SeenKey, seenWhole } from './seen-key.js';
import { SeenLeases } from './seen-leases.js';
import { type PoolPart, poolPartsOf, SeenPool } from './seen-pool.js';
import { recordKeyIn } from './seen-records.js';

/** Milliseconds for which an election without candidates, or a pool without workers, is shown. */
const SHOWN_EMPTY = 3_600_000;
/** Elections without candidates that are shown. */
const MOST_EMPTY = 1_000;
const TAKEN = '!taken';

/** What a view has seen of the keys under its prefix: fed by reads of all, and by the events that follow them. */
export class Seen {
  /** A byte string. */
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #wantsRecords: boolean;
  readonly #elections = new Map<string, SeenElection>();
  readonly #pools = new Map<string, SeenPool>();
  #leases = new SeenLeases();
  /** Elections that the present revision has changed. */
  readonly #touched = new Set<SeenElection>();
  readonly #changed = { elections: new Set<SeenElection>(), pools: new Set<SeenPool>() };
  #revision = 0n;
  /** In the order of their names; undefined: one has come or gone. */
  #order: { readonly elections: readonly SeenElection[]; readonly pools: readonly SeenPool[] } | undefined;

  /** `wantsRecords`: what leaders have recorded of their terms belongs to the picture. */
  constructor(prefix: string, now: () => number, wantsRecords: boolean) {
    this.#prefix = prefix;
    this.#now = now;
    this.#wantsRecords = wantsRecords;
  }

  // ---- what reads and events tell ----

  /** All was read, for the first time or after a gap: what has changed since may have changed at any time. */
  load({ revision, elections, pools, records }: FirstRead, hasBegunAnew: boolean): void {
    const moment = { at: this.#now(), isExact: false };
    this.#revision = revision;
    this.#leases = new SeenLeases();
    this.#touched.clear();
    for (const pool of this.#pools.values()) this.#changed.pools.add(pool);
    this.#pools.clear();
    this.#order = undefined;
    for (const [name, { notes, standing }] of pools) {
      const pool = this.#poolOf(name);
      for (const { part, kv } of notes) this.#note(pool, { pool: name, part }, kv);
      for (const { part, key } of standing) this.#stand(pool, { pool: name, part }, key);
    }
    for (const folder of elections.keys()) this.#electionOf(folder);
    for (const election of this.#elections.values()) {
      const keys = elections.get(election.folder) ?? [];
      if (hasBegunAnew) election.terms.beginAnew();
      election.replace(keys, records.get(election.folder) ?? []);
      for (const { shown } of keys) this.#leases.add(shown.leaseId);
      election.settle(moment, undefined);
      this.#changed.elections.add(election);
    }
  }

  /** Events come in the order of their revisions. */
  apply(event: WatchEvent): void {
    if (event.revision > this.#revision) this.endRevision();
    this.#revision = event.revision;
    const { key, kv } = event;
    if (key.includes('!')) return this.#applyControl(key, kv);
    const folder = folderOf(key);
    if (folder === '' || !folder.startsWith(this.#prefix)) return;
    for (const part of poolPartsOf(folder)) {
      const pool = this.#pools.get(part.pool) ?? this.#foundPool(part, kv);
      if (pool !== undefined) return this.#applyToPool(pool, part, event);
    }
    this.#applyToElection(folder, event);
  }

  /** All events of the revision have been told. */
  endRevision(): void {
    const moment = { at: this.#now(), isExact: true };
    for (const election of this.#touched) election.settle(moment, this.#leases);
    this.#touched.clear();
    this.#leases.next();
  }

  /** Keys of an election were read with all that belongs to them; `head`: the one that was asked for. */
  learn(election: SeenElection, kvs: readonly KeyValue[], head: SeenKey | undefined): void {
    const moment = { at: this.#now(), isExact: true };
    election.learn(kvs.map(seenWhole), head, moment);
    this.#changed.elections.add(election);
  }

  /** Whether a read of all shall read what leaders of this election have recorded. */
  wantsRecordsOf(folder: string, hasCandidates: boolean): boolean {
    return this.#wantsRecords && (hasCandidates || this.#elections.has(folder));
  }

  // ---- what is shown ----

  get picture(): Picture {
    const elections: ElectionPicture[] = [];
    const pools: PoolPicture[] = [];
    this.#order ??= {
      elections: [...this.#elections.values()].sort(byName),
      pools: [...this.#pools.values()].sort(byName),
    };
    for (const election of this.#order.elections) if (election.isShown) elections.push(election.picture);
    for (const pool of this.#order.pools) pools.push(pool.picture);
    return { revision: this.#revision, elections, pools };
  }

  /** Elections whose head must be read before it can be shown. */
  *toRead(): IterableIterator<SeenElection> {
    for (const election of this.#changed.elections) if (election.mustRead && !this.#isGone(election)) yield election;
  }

  /** Names of what has changed since the last call; an election whose head must be read comes later. */
  takeChanges(): { readonly elections: string[]; readonly pools: string[] } {
    const { elections, pools } = this.#changed;
    const told = [...elections].filter((election) => !election.mustRead || this.#isGone(election));
    for (const election of told) {
      elections.delete(election);
      election.isShown = true;
    }
    // A pool that was read again is another object of the same name.
    const names = new Set([...pools].map(({ name }) => name));
    const changes = { elections: told.map(({ name }) => name), pools: [...names] };
    pools.clear();
    return changes;
  }

  /** Drops what has been empty for long. Returns whether something was dropped. */
  tidy(): boolean {
    const now = this.#now();
    const empty = [...this.#elections.values()].filter(({ emptySince }) => emptySince !== undefined);
    empty.sort((a, b) => (a.emptySince ?? 0) - (b.emptySince ?? 0));
    const tooMany = empty.length - MOST_EMPTY;
    const dropped = empty.filter(({ emptySince = now }, at) => at < tooMany || now - emptySince > SHOWN_EMPTY);
    for (const election of dropped) this.#drop(election);
    const pools = [...this.#pools].filter(([, pool]) => now - (pool.emptyAt(now) ?? now) > SHOWN_EMPTY);
    for (const [name, pool] of pools) {
      this.#pools.delete(name);
      this.#changed.pools.add(pool);
      this.#order = undefined;
    }
    return dropped.length + pools.length > 0;
  }

  // ---- elections ----

  #applyToElection(folder: string, { key, kv, revision }: WatchEvent): void {
    const known = this.#elections.get(folder);
    if (known === undefined && (kv === undefined || electionOf(kv) === undefined)) return;
    const election = known ?? this.#electionOf(folder);
    election.revision = revision;
    this.#touched.add(election);
    this.#changed.elections.add(election);
    if (kv === undefined) {
      const gone = election.delete(key, revision);
      if (gone !== undefined) this.#leases.remove(gone.shown.leaseId);
      return;
    }
    const whole = seenWhole(kv);
    if (election.queue.get(key) === undefined) this.#leases.add(whole.shown.leaseId);
    election.put(whole);
  }

  #applyControl(key: string, kv: KeyValue | undefined): void {
    const record = this.#wantsRecords ? recordKeyIn(key) : undefined;
    const folder = key.endsWith(TAKEN) ? key.slice(0, -TAKEN.length) : record?.folder;
    const election = this.#elections.get(folder ?? '');
    if (election !== undefined && record !== undefined) {
      election.record(record, kv);
      this.#changed.elections.add(election);
    } else if (election !== undefined && kv !== undefined) election.taken = askIn(kv)?.token;
  }

  #electionOf(folder: string): SeenElection {
    const known = this.#elections.get(folder);
    if (known !== undefined) return known;
    const election = new SeenElection(folder);
    this.#elections.set(folder, election);
    this.#order = undefined;
    return election;
  }

  #drop(election: SeenElection): void {
    this.#elections.delete(election.folder);
    this.#touched.delete(election);
    this.#changed.elections.add(election);
    this.#order = undefined;
  }

  #isGone(election: SeenElection): boolean {
    return this.#elections.get(election.folder) !== election;
  }

  // ---- pools ----

  #applyToPool(pool: SeenPool, part: PoolPart, { key, kv, revision }: WatchEvent): void {
    this.#changed.pools.add(pool);
    if (kv === undefined) {
      const gone = pool.delete(part, key, revision);
      if (gone !== undefined) this.#leases.remove(gone.shown.leaseId);
    } else if (part.part === 'members' || part.part === 'lists') this.#note(pool, part, kv);
    else this.#stand(pool, part, seenWhole(kv));
  }

  #note(pool: SeenPool, part: PoolPart, kv: KeyValue): void {
    pool.note(part, kv);
    this.#changed.pools.add(pool);
  }

  #stand(pool: SeenPool, part: PoolPart, key: SeenKey): void {
    if (part.part !== 'coordinator' && part.part !== 'owners') return;
    if (pool.stand(part, key)) this.#leases.add(key.shown.leaseId);
    this.#changed.pools.add(pool);
  }

  /** A pool begins with its first member. What was taken for elections before are the pool's queues. */
  #foundPool({ pool, part }: PoolPart, kv: KeyValue | undefined): SeenPool | undefined {
    if (part !== 'members' || kv === undefined || !new SeenPool(pool).isMember(kv)) return undefined;
    const found = this.#poolOf(pool);
    for (const election of [...this.#elections.values()]) {
      const other = poolPartsOf(election.folder).find((each) => each.pool === pool);
      if (other === undefined) continue;
      for (const key of election.queue) found.stand(other, key);
      this.#drop(election);
    }
    return found;
  }

  #poolOf(name: string): SeenPool {
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const pool = new SeenPool(name);
    this.#pools.set(name, pool);
    this.#order = undefined;
    return pool;
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
