import { expect } from 'chai';
import { hexOf } from '../../../lib/store/bytes.js';
import type { ElectionPicture, Moment, PoolPicture, TermPicture } from '../../../lib/view/picture.js';
import { type Changes, View } from '../../../lib/view/view.js';
import type { FakeEtcdOptions } from '../fake-etcd/options.js';
import { type Process, World } from '../world.js';

/** A viewer on the model of etcd, and candidates that are nothing but their keys. */
export class ViewWorld extends World {
  readonly viewer: Process = this.process('viewer');
  /** What was told since the first picture. */
  readonly changes: Changes[] = [];
  /** Codes of errors, and `answered`. */
  readonly news: string[] = [];
  readonly #history: boolean | undefined;
  #view: View | undefined;

  /** `history`: the view shows what leaders have recorded. */
  constructor({ history, ...options }: FakeEtcdOptions & { readonly history?: boolean } = {}) {
    super(options);
    this.#history = history;
  }

  get view(): View {
    if (this.#view === undefined) throw new Error('nobody looks');
    return this.#view;
  }

  /** Begins to look, and waits for the first picture. */
  async look(prefix = ''): Promise<View> {
    const view = this.begin(prefix);
    await this.settled(view.start());
    this.changes.length = 0;
    return view;
  }

  begin(prefix = ''): View {
    const view = new View(this.viewer, prefix, { now: () => Math.round(this.now), history: this.#history });
    view.on('changed', (_, names) => this.changes.push(names));
    view.on('error', ({ code }) => this.news.push(code));
    view.on('answered', () => this.news.push('answered'));
    this.#view = view;
    return view;
  }

  /** The view is closed, and has left nothing. */
  async closed(): Promise<void> {
    this.#view?.close();
    await this.advance(150);
    expect([this.viewer.store.open, this.viewer.clock.timers]).to.deep.equal([[], []]);
  }

  /** Writes a candidate's key, as any client does. */
  join(name: string, lease: bigint, value = `${name} ${hexOf(lease)}`): void {
    if (this.etcd.leases().every(({ id }) => id !== lease)) this.etcd.grant(lease, 100_000);
    this.etcd.put(`${name}/${hexOf(lease)}`, value, lease);
  }

  leave(name: string, ...leases: readonly bigint[]): void {
    this.etcd.delete(...leases.map((lease) => `${name}/${hexOf(lease)}`));
  }

  /** Lets the view hear of what has happened. */
  async heard(): Promise<void> {
    await this.advance(200);
  }

  election(name: string): ElectionPicture | undefined {
    return this.view.picture.elections.find((election) => election.name === name);
  }

  pool(name: string): PoolPicture | undefined {
    return this.view.picture.pools.find((pool) => pool.name === name);
  }

  get names(): readonly string[] {
    return this.view.picture.elections.map(({ name }) => name);
  }

  /** Who leads each election: a value, `nobody`, or the key that blocks. */
  get leaders(): Readonly<Record<string, string>> {
    const entries = this.view.picture.elections.map(({ name, leader, blockedBy }) => [
      name,
      leader?.value ?? (blockedBy === undefined ? 'nobody' : `blocked by ${blockedBy}`),
    ]);
    return Object.fromEntries(entries) as Readonly<Record<string, string>>;
  }

  /** The terms of an election, one line for each: `a: 5 to 10, released`; `~5`: at that moment or before. */
  terms(name: string): readonly string[] {
    return (this.election(name)?.terms ?? []).map(lineOf);
  }
}

function lineOf({ value, from, until, ended }: TermPicture): string {
  const why = ended === undefined ? '' : `, ${ended}`;
  return `${value}: ${timeOf(from)} to ${until === undefined ? 'now' : timeOf(until)}${why}`;
}

function timeOf(moment: Moment | undefined): string {
  return moment === undefined ? '?' : `${moment.isExact ? '' : '~'}${moment.at}`;
}
