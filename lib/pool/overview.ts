import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import { textOf } from '../store/bytes.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { PoolContext } from './context.js';
import { type KeyRange, leaseOf } from './keys.js';
import { OwnersTable } from './owners-table.js';
import { kvsOf, readPaged, readRanges } from './reads.js';
import { TimeSlice } from './time-slice.js';
import { type ControlValue, isHash, type MemberValue, NO_CONTROL, parseControl, parseMember } from './wire.js';

/** A member as its key says. */
export interface SeenMember extends MemberValue {
  readonly lease: bigint;
  /** The lease in lower-case hex. */
  readonly hex: string;
  readonly createRevision: bigint;
}

/** The plan of a member as its key says. */
export interface SeenPlan {
  readonly bytes: Buffer;
  readonly modRevision: bigint;
}

export interface OverviewHandlers {
  /** All has been read, again or for the first time. */
  read(): void;
  /** A member has come, gone or changed, or an operator has written the control key. */
  membersChanged(): void;
  /** A plan has changed that we have not written, or a queue has changed. */
  changed(): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}

interface OverviewRead {
  readonly small: Awaited<ReturnType<typeof readRanges>>;
  readonly owners: OwnersTable;
  /** The revision of the owners' first page. */
  readonly revision: bigint;
}

/**
 * What the coordinator knows of its pool: two reads, and then the events of four ranges. When a watch was interrupted
 * all is read again.
 */
export class Overview implements Reader<OverviewRead> {
  readonly members = new Map<string, SeenMember>();
  readonly plans = new Map<string, SeenPlan>();
  control: ControlValue = NO_CONTROL;
  owners: OwnersTable;
  /** The leases of keys among the members that make no sense to us. */
  readonly unreadable = new Set<string>();
  /** Keys that were logged because they make no sense to us. */
  readonly #told = new Set<string>();
  /** The hashes of the lists that lie in etcd, as of the last read. */
  lists = new Set<string>();
  readonly #context: PoolContext;
  readonly #on: OverviewHandlers;
  readonly #freshRead: FreshRead<OverviewRead>;
  #unfollow: (() => void)[] = [];
  #isComplete = false;

  constructor(context: PoolContext, on: OverviewHandlers) {
    this.#context = context;
    this.#on = on;
    this.owners = new OwnersTable(context.keys, { withValues: false });
    this.#freshRead = new FreshRead(context.session.parts.clock, this);
    this.#freshRead.now();
  }

  /** Whether all has been read, and nothing says that it must be read again. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Reads all again: what we know is out of date. */
  refresh(): void {
    this.#isComplete = false;
    this.#freshRead.now();
  }

  /** A plan that we have written. */
  wrote(hex: string, plan: SeenPlan): void {
    if ((this.plans.get(hex)?.modRevision ?? 0n) < plan.modRevision && this.members.has(hex)) this.plans.set(hex, plan);
  }

  close(): void {
    this.#isComplete = false;
    this.#freshRead.close();
    for (const end of this.#unfollow.splice(0)) end();
  }

  // ---- the reads ----

  async read(): Promise<OverviewRead> {
    const { session, keys } = this.#context;
    const { store } = session.parts;
    const small = await readRanges(store, [keys.members, keys.plans, keys.control, { ...keys.lists, keysOnly: true }]);
    const { kvs, revision } = await readPaged(store, keys.owners);
    const owners = new OwnersTable(keys, { withValues: false });
    const slice = new TimeSlice(session.parts.clock);
    await slice.each(kvs.length, (at) => owners.add(kvs[at]));
    return { small, owners, revision };
  }

  found({ small, owners, revision }: OverviewRead): void {
    for (const end of this.#unfollow.splice(0)) end();
    this.members.clear();
    this.unreadable.clear();
    this.plans.clear();
    this.control = NO_CONTROL;
    this.owners = owners;
    const [members, plans, control, lists] = small.ranges;
    const { keys } = this.#context;
    this.lists = new Set(
      kvsOf(lists)
        .map(({ key }) => key.slice(keys.lists.key.length))
        .filter(isHash),
    );
    for (const kv of kvsOf(members)) this.#onMember(kv.key, kv);
    for (const kv of kvsOf(plans)) this.#onPlan(kv.key, kv);
    for (const kv of kvsOf(control)) this.#onControl(kv.key, kv);
    this.#follow(keys.members, small.revision, ({ key, kv }) => {
      if (this.#onMember(key, kv)) this.#on.membersChanged();
    });
    this.#follow(keys.plans, small.revision, ({ key, kv }) => {
      if (this.#onPlan(key, kv)) this.#on.changed();
    });
    this.#follow(keys.control, small.revision, ({ key, kv }) => {
      if (this.#onControl(key, kv)) this.#on.membersChanged();
    });
    this.#follow(keys.owners, revision, (event) => {
      if (this.owners.apply(event) !== undefined) this.#on.changed();
    });
    this.#isComplete = true;
    this.#on.read();
  }

  readFailed(error: ElectionError): void {
    this.#on.failed(error);
  }

  #follow(range: KeyRange, revision: bigint, changed: (event: WatchEvent) => void): void {
    const { watcher } = this.#context.session.parts;
    const follower = {
      changed,
      reset: () => this.refresh(),
      refused: (error: ElectionError) => this.#on.failed(error),
    };
    this.#unfollow.push(watcher.follow(range, revision + 1n, follower));
  }

  // ---- what the keys say: each returns whether something has changed ----

  #onMember(key: string, kv: KeyValue | undefined): boolean {
    const { members } = this.#context.keys;
    const hex = key.slice(members.key.length);
    this.unreadable.delete(hex);
    const value = kv !== undefined && leaseOf(kv, members) === hex ? parseMember(kv.value) : undefined;
    if (value === undefined || kv === undefined) {
      if (kv !== undefined) this.#onUnreadable(hex, key);
      else this.#told.delete(hex);
      return this.members.delete(hex);
    }
    this.members.set(hex, { ...value, lease: kv.lease, hex, createRevision: kv.createRevision });
    return true;
  }

  #onUnreadable(hex: string, key: string): void {
    this.unreadable.add(hex);
    if (this.#told.has(hex)) return;
    this.#told.add(hex);
    this.#context.log().warn({ key: textOf(key) }, 'a key among the members of the pool is not the key of a worker');
  }

  #onPlan(key: string, kv: KeyValue | undefined): boolean {
    const { plans } = this.#context.keys;
    const hex = key.slice(plans.key.length);
    if (kv === undefined || leaseOf(kv, plans) !== hex) return this.plans.delete(hex);
    const known = this.plans.get(hex);
    if (known !== undefined && known.modRevision >= kv.modRevision) return false;
    this.plans.set(hex, { bytes: Buffer.from(kv.value), modRevision: kv.modRevision });
    return known === undefined || !known.bytes.equals(kv.value);
  }

  #onControl(key: string, kv: KeyValue | undefined): boolean {
    if (key !== `${this.#context.keys.control.key}balance`) return false;
    this.control = parseControl(kv?.value);
    return true;
  }
}
