import { FakeEtcd } from '../../support/fake-etcd/fake-etcd.js';
import { Random } from '../../support/random.js';
import { VirtualTime } from '../../support/virtual-time.js';
import { DEEDS } from './deeds.js';
import { Player, type PlayerPlan } from './player.js';
import { PoolReferee, type PoolViolation } from './referee.js';

export interface GameOutcome {
  readonly violation: PoolViolation | undefined;
  readonly story: readonly string[];
  /** How often a partition was gained. */
  readonly gains: number;
  readonly deeds: readonly string[];
}

/** Milliseconds in which a pool without faults is balanced, however often its workers were slow before. */
const QUIET = 300_000;

/** One game of a pool with fate: two to six workers, and what befalls them. The seed decides everything. */
export class Game {
  readonly random: Random;
  readonly time = new VirtualTime();
  readonly etcd: FakeEtcd;
  readonly referee: PoolReferee;
  readonly partitions: number;
  /** The partitions by name, in several orders, each a list of its own; none: they are numbered. */
  readonly #orders: readonly (readonly string[])[];
  readonly players: Player[];
  /** Everybody that ever was, for the story of events. */
  readonly all: Player[] = [];
  readonly oldPlans: Buffer[] = [];
  readonly #story: string[] = [];
  readonly #deeds: string[] = [];
  readonly #wantsStory: boolean;
  #isQuiet = false;

  constructor(seed: number, wantsStory = false) {
    this.random = new Random(seed);
    this.#wantsStory = wantsStory;
    this.etcd = new FakeEtcd({
      clock: this.time.clock({ name: 'etcd' }),
      seed,
      members: 3,
      latency: [0.1, this.random.pick([1, 5, 40])],
      watchDelay: [0, this.random.pick([0, 20])],
      electionTime: [50, 1_000],
      leaseTick: 500,
      silence: 'either',
      tellsLeases: seed % 2 === 0,
      losesCompactedDeletion: false,
      requestTimeout: 1_000,
      hangTimeout: 3_600,
      ...(wantsStory && { trace: (_, what) => this.tell('', `  ${what}`) }),
    });
    this.referee = new PoolReferee(this.etcd);
    this.partitions = Math.floor(this.random.between(2, 20));
    const names = Array.from({ length: this.partitions }, (_, at) => `${at}`);
    this.#orders = this.random.chance(0.4) ? [names, [...names].reverse(), [...names.slice(1), '0']] : [];
    const count = Math.floor(this.random.between(2, 7));
    const [settle, handoffTimeout] = [this.random.between(50, 1_500), this.random.between(300, 4_000)];
    this.players = Array.from({ length: count }, (_, at) =>
      this.#boot(`w${at}`, this.#plan(at, settle, handoffTimeout)),
    );
    this.time.onStep = () => {
      this.referee.look(this.players);
    };
    this.etcd.onWrite(() => {
      this.#remember();
      this.#checkLists();
    });
  }

  tell(who: string, what: string): void {
    if (this.#wantsStory) this.#story.push(`${this.time.now.toFixed(1).padStart(10)} ${who.padEnd(5)} ${what}`);
  }

  later(ms: number, fn: () => void): void {
    this.time.at(this.time.now + ms, () => {
      if (!this.#isQuiet) fn();
    });
  }

  leaseOf({ plan, pool }: Player): bigint | undefined {
    if (pool.state === 'idle') return undefined;
    const keys = this.etcd.keys('p/members/');
    return keys.find(({ value }) => value.toString().includes(`"id":"${plan.id}"`))?.lease;
  }

  crash(player: Player): void {
    player.kill();
    this.later(this.random.between(0, 6_000), () => this.#replace(player));
  }

  async play(): Promise<GameOutcome> {
    const { random } = Math;
    const chance = this.random.fork();
    Math.random = () => chance.next();
    const onRejection = (reason: unknown): void => this.#surprise(reason);
    process.on('unhandledRejection', onRejection);
    try {
      await this.#go();
    } catch (err) {
      this.#surprise(err);
    } finally {
      this.etcd.close();
      Math.random = random;
      process.off('unhandledRejection', onRejection);
    }
    const { violation, gains } = this.referee;
    return { violation, gains, story: this.#story, deeds: this.#deeds };
  }

  async #go(): Promise<void> {
    const { random } = this;
    for (const player of this.players) this.later(random.between(0, 2_000), () => player.start());
    await this.#advance(random.between(500, 8_000));
    const names = Object.keys(DEEDS);
    for (let left = Math.floor(random.between(5, 30)); left > 0 && !this.#isOver; left--) {
      const name = random.pick(names);
      const player = random.pick(this.players);
      this.#deeds.push(name);
      this.tell('FATE', `${name} (${player.name})`);
      if (!player.isDead) DEEDS[name]?.(this, player);
      await this.#advance(random.chance(0.5) ? random.between(0, 100) : random.between(0, 4_000));
    }
    if (!this.#isOver) await this.#calm();
    if (!this.#isOver) await this.#end();
  }

  /** The faults end: everything is owned again in time, and balanced in the end. */
  async #calm(): Promise<void> {
    this.#isQuiet = true;
    this.tell('FATE', 'all is well');
    this.etcd.heal();
    this.etcd.delete('p/control/balance');
    for (const player of [...this.players]) {
      player.weather.clear();
      player.resume();
      player.isFit = true;
      const current = player.isDead ? this.#replace(player) : player;
      current.pool.setWeight(1).catch(() => {}); // written again by itself
      current.start();
    }
    const isLeft = ({ key, lease }: { readonly key: string; readonly lease: bigint }): boolean =>
      lease === 0n && !key.startsWith('p/lists/');
    for (const kv of this.etcd.keys('p/')) if (isLeft(kv)) this.etcd.delete(kv.key);
    // A stop that was under way ends first, and a task that winds down slowly.
    const slowest = Math.max(...this.players.map(({ plan }) => plan.ttl * 1_000 + plan.releaseTimeout));
    const handoff = Math.max(...this.players.map(({ plan }) => plan.handoffTimeout + 5 * plan.settle));
    await this.#until(
      () => this.#owned() === this.partitions,
      slowest + handoff + 22_000,
      'owned again',
      () => {
        return `${this.#owned()} of ${this.partitions} partitions`;
      },
    );
    await this.#until(
      () => this.#isBalanced(),
      QUIET,
      'balanced',
      () => `${this.#counts()}`,
    );
    await this.#advance(30_000); // it may have looked balanced while something was still on its way
    await this.#until(
      () => this.#isBalanced(),
      QUIET,
      'balanced',
      () => `${this.#counts()}`,
    );
    await this.#advance(1_000);
    const before = this.referee.gains;
    await this.#advance(60_000);
    if (this.referee.gains !== before) this.referee.break('moves', 'a balanced pool moves partitions');
    const old = [...this.#lists()].filter((hash) => !this.#announced().has(hash));
    if (old.length > 0) this.referee.break('lists', `nobody announces ${old.join(', ')}`);
  }

  async #end(): Promise<void> {
    const stopping = this.players.map((player) => player.stop());
    let left = stopping.length;
    for (const stop of stopping) void stop.then(() => (left -= 1));
    const bound = Math.max(...this.players.map(({ plan }) => plan.releaseTimeout)) + 1_100;
    await this.#until(
      () => left === 0,
      bound * 1.02,
      'clean end',
      () => `${left} workers have not stopped`,
    );
    for (const { session } of this.players) void session?.close();
    await this.#advance(25_000);
    const open = this.players.flatMap(({ connection, clock }) => [...connection.open, ...clock.timers.map(String)]);
    // The lists of the last workers stay: nobody coordinates any more.
    const keys = this.etcd.keys().flatMap(({ key }) => (key.startsWith('p/lists/') ? [] : [key]));
    if (open.length + keys.length > 0) this.referee.break('clean end', `left: ${[...open, ...keys].join(', ')}`);
    if (this.players.some(({ owned }) => owned.size > 0)) this.referee.break('pairs', 'something was never lost');
  }

  get #isOver(): boolean {
    return this.referee.violation !== undefined;
  }

  #owned(): number {
    return this.players.reduce((sum, { pool }) => sum + pool.owned.size, 0);
  }

  #counts(): number[] {
    return this.players.map(({ pool }) => pool.owned.size);
  }

  #isBalanced(): boolean {
    const counts = this.#counts();
    return this.#owned() === this.partitions && Math.max(...counts) - Math.min(...counts) <= 1;
  }

  async #advance(ms: number): Promise<void> {
    await this.time.until(() => this.#isOver, ms);
  }

  async #until(
    condition: () => boolean,
    ms: number,
    check: 'owned again' | 'balanced' | 'clean end',
    what: () => string,
  ) {
    const isMet = await this.time.until(() => this.#isOver || condition(), ms);
    if (!isMet) this.referee.break(check, `not within ${Math.round(ms)} ms: ${what()}`);
  }

  #plan(at: number, settle: number, handoffTimeout: number): PlayerPlan {
    const { random } = this;
    return {
      id: `worker-${at}`,
      partitions: this.#orders.length === 0 ? this.partitions : random.pick(this.#orders),
      rate: random.between(0.995, 1.005),
      lateness: random.pick([0, 0, 20]),
      ttl: Math.floor(random.between(3, 8)),
      settle,
      handoffTimeout,
      releaseTimeout: Math.floor(random.between(500, 4_000)),
      concurrency: random.pick([1, 2, 16]),
      coordinate: at === 0 || random.chance(0.8),
      shared: random.chance(0.3),
    };
  }

  #boot(name: string, plan: PlayerPlan): Player {
    const player = new Player(name, plan, this);
    this.all.push(player);
    return player;
  }

  #replace(player: Player): Player {
    const at = this.players.indexOf(player);
    if (at < 0) return player;
    const { plan } = player;
    // Another version of the program may have another list.
    const partitions = this.#orders.length === 0 ? this.partitions : this.random.pick(this.#orders);
    const next = this.#boot(`${player.name}'`, { ...plan, partitions });
    this.players[at] = next;
    next.start();
    return next;
  }

  #lists(): Set<string> {
    return new Set(this.etcd.keys('p/lists/').map(({ key }) => key.slice('p/lists/'.length)));
  }

  #announced(): Set<string> {
    const values = this.etcd.keys('p/members/').map(({ value }) => /"list":"(\w+)"/.exec(value.toString())?.[1]);
    return new Set(values.filter((hash) => hash !== undefined));
  }

  /** What a member announces lies in etcd, at every moment. */
  #checkLists(): void {
    const lists = this.#lists();
    for (const hash of this.#announced())
      if (!lists.has(hash)) this.referee.break('lists', `${hash} is in use, and gone`);
  }

  #remember(): void {
    for (const { value } of this.etcd.keys('p/plan/')) {
      if (this.oldPlans.length < 50 && !this.oldPlans.some((old) => old.equals(value))) this.oldPlans.push(value);
    }
  }

  #surprise(err: unknown): void {
    this.referee.break('no surprises', String(err instanceof Error ? err.stack : err));
  }
}
