import type { ElectionJson, PictureJson, PoolJson } from '../../../../view/json.js';
import type { ChangedEvent } from '../../stream-events.js';
import { inOrder } from './rows.js';
import { type Segment, segmentsOf } from './segments.js';

/** A change of leader, for those who listen. */
export interface LeaderChange {
  readonly election: string;
  /** Undefined: nobody leads. */
  readonly leader: string | undefined;
  readonly token: string | undefined;
}

interface Timeline {
  readonly of: ElectionJson;
  readonly segments: readonly Segment[];
}

/** What the server has told so far. */
export class PictureStore {
  readonly elections = new Map<string, ElectionJson>();
  readonly pools = new Map<string, PoolJson>();
  /** Timelines by the names of their elections. A WeakMap would cost the browser more, when it collects garbage. */
  readonly #timelines = new Map<string, Timeline>();
  /** Names in their order; undefined: one has come or gone. To compare thousands of names takes longer than a frame. */
  #order: readonly string[] | undefined;

  /** All elections in the order of their names. */
  get inOrder(): ElectionJson[] {
    this.#order ??= inOrder([...this.elections.keys()]);
    return this.#order.flatMap((name) => this.elections.get(name) ?? []);
  }

  replace({ elections, pools }: Pick<PictureJson, 'elections' | 'pools'>): void {
    this.elections.clear();
    this.pools.clear();
    this.#timelines.clear();
    this.#order = undefined;
    for (const election of elections) this.elections.set(election.name, election);
    for (const pool of pools) this.pools.set(pool.name, pool);
  }

  /** Takes what has changed, and returns the changes of leader among it. */
  change({ elections, pools, gone }: Omit<ChangedEvent, 'now' | 'revision'>): LeaderChange[] {
    const changes = elections.flatMap((after) => changeOf(this.elections.get(after.name), after));
    const before = this.elections.size;
    for (const election of elections) this.elections.set(election.name, election);
    for (const pool of pools) this.pools.set(pool.name, pool);
    if (this.elections.size > before || gone.elections.length > 0) this.#order = undefined;
    for (const name of gone.elections) {
      this.elections.delete(name);
      this.#timelines.delete(name);
    }
    for (const name of gone.pools) this.pools.delete(name);
    return changes;
  }

  /** The timeline of an election, computed once for each state of it. */
  segments(election: ElectionJson): readonly Segment[] {
    const known = this.#timelines.get(election.name);
    if (known?.of === election) return known.segments;
    const segments = segmentsOf(election);
    this.#timelines.set(election.name, { of: election, segments });
    return segments;
  }
}

function changeOf(before: ElectionJson | undefined, after: ElectionJson): LeaderChange[] {
  if (before?.leader?.fencingToken === after.leader?.fencingToken) return [];
  if (before === undefined && after.leader === null) return [];
  return [{ election: after.name, leader: after.leader?.value, token: after.leader?.fencingToken }];
}
