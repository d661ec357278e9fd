import type { Viewed } from '../../../lib/cli/serve/site.js';
import { withResolvers } from '../../../lib/common/deferred.js';
import { ElectionError } from '../../../lib/errors.js';
import type { ElectionPicture, Picture, PoolPicture } from '../../../lib/view/picture.js';
import type { ViewEvents } from '../../../lib/view/view.js';

type Listeners = { [E in keyof ViewEvents]?: (...args: ViewEvents[E]) => unknown };

/** A view whose picture the spec draws. */
export class FakeView implements Viewed {
  picture: Picture = { revision: 1n, elections: [], pools: [] };
  isClosed = false;
  readonly #listeners: Listeners = {};
  readonly #started = withResolvers<void>();

  /** With a first picture that is whole, unless the spec says that etcd has not answered yet. */
  constructor({ isStarted = true } = {}) {
    if (isStarted) this.begin();
  }

  start(): Promise<void> {
    return this.#started.promise;
  }

  /** The first picture is whole. */
  begin(): void {
    this.#started.resolve();
  }

  on<E extends keyof ViewEvents>(event: E, listener: (...args: ViewEvents[E]) => unknown): this {
    Object.assign(this.#listeners, { [event]: listener });
    return this;
  }

  close(): void {
    this.isClosed = true;
  }

  /** The election is so from now on. */
  draw(...elections: readonly ElectionPicture[]): void {
    const names = elections.map(({ name }) => name);
    const others = this.picture.elections.filter(({ name }) => !names.includes(name));
    this.#change({ elections: [...others, ...elections] }, { elections: names, pools: [] });
  }

  drawPool(pool: PoolPicture): void {
    const others = this.picture.pools.filter(({ name }) => name !== pool.name);
    this.#change({ pools: [...others, pool] }, { elections: [], pools: [pool.name] });
  }

  erase(...names: readonly string[]): void {
    const elections = this.picture.elections.filter(({ name }) => !names.includes(name));
    this.#change({ elections }, { elections: names, pools: [] });
  }

  fail(code: 'UNAVAILABLE' | 'PERMISSION_DENIED' = 'UNAVAILABLE'): void {
    this.#listeners.error?.(new ElectionError(code, 'etcd is away'));
  }

  answer(): void {
    this.#listeners.answered?.();
  }

  #change(change: Partial<Picture>, changes: ViewEvents['changed'][1]): void {
    this.picture = { ...this.picture, ...change, revision: this.picture.revision + 1n };
    this.#listeners.changed?.(this.picture, changes);
  }
}

/** An election in which `value` leads; undefined: nobody does. */
export function electionIn(name: string, value: string | undefined, token = 7n): ElectionPicture {
  if (value === undefined) return { name, leader: undefined, blockedBy: undefined, queue: [], terms: [] };
  const since = { at: 1_700_000_000_000, isExact: true };
  const one = { value, fencingToken: token, leaseId: '694d9a1b2c3d4e5f' };
  return {
    name,
    leader: { ...one, since },
    blockedBy: undefined,
    queue: [{ ...one, isOurs: true }],
    terms: [{ ...one, from: since, until: undefined, ended: undefined, why: undefined, isRecorded: false }],
  };
}
