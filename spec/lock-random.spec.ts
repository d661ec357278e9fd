import { expect } from 'chai';
import { ElectionError, type HeldLock, type Leadership } from '../lib/index.js';
import { Lock } from '../lib/lock.js';
import { Session } from '../lib/session.js';
import type { MessageFault } from './support/fake-etcd/faults.js';
import { Random } from './support/random.js';
import { type Process, World } from './support/world.js';

const NAME = 'locks/report';
const SEEDS = 24;
const CALLERS = 4;
/** Milliseconds in which things go wrong, and in which all must be well again afterwards. */
const WILD = 90_000;
const CALM = 30_000;
/** Milliseconds after which a holder has heard that an operator has taken its key away. */
const LEARNS_WITHIN = 8_000;

const FAULTS: readonly MessageFault[] = [
  'lose request',
  'lose reply',
  'hang',
  'fail',
  'duplicate',
  { lateBy: 700 },
  { lateBy: 1_700 },
  { arriveLateBy: 400 },
  { repeatAfter: 300 },
];

const EXPECTED = new Set(['TIMEOUT', 'ABORTED', 'LEASE_EXPIRED', 'LEASE_LOST', 'KEY_DELETED', 'UNAVAILABLE']);

/** Some processes whose callers take one lock, and what is wrong with what they see. */
class Life {
  readonly world: World;
  readonly problems: string[] = [];
  readonly processes: (Process & { readonly lock: Lock })[];
  readonly counts = { held: 0, lost: 0, gaveUp: 0 };
  readonly #random: Random;
  readonly #holding: Map<string, Leadership> = new Map();
  /** Tokens of the keys that the operator has taken away, and when. */
  readonly #voided = new Map<bigint, number>();
  #lastToken = 0n;
  #isOver = false;

  constructor(seed: number) {
    this.world = new World({ seed, latency: [0.5, 5] });
    this.#random = new Random(seed);
    this.processes = ['a', 'b', 'c'].map((name, i) => {
      const clock = this.world.time.clock({ name, rate: this.#random.between(0.996, 1.004) });
      const process = { clock, store: this.world.etcd.connect({ clock, name }) };
      const source = i === 0 ? new Session(process, { ttl: 3 }) : process;
      const lock = source instanceof Session ? new Lock(source, NAME) : new Lock(source, NAME, { ttl: 3 });
      return { ...process, lock };
    });
    this.world.time.onStep = () => this.#check();
  }

  /** All callers until the end of the wild time. Resolves when none of them waits or holds the lock. */
  async live(): Promise<void> {
    const { world } = this;
    const random = this.#random.fork();
    world.etcd.faults.draw = () => (random.chance(0.08) ? random.pick(FAULTS) : 'ok');
    const callers = this.processes.flatMap((process, i) =>
      Array.from({ length: CALLERS }, () => this.#call(process, `${i}`, this.#random.fork())),
    );
    while (world.now < WILD) {
      await world.advance(random.between(10, 2_500));
      this.#disturb(random);
    }
    world.etcd.heal();
    for (const { clock, store } of this.processes) {
      clock.resume();
      store.network = 'up';
    }
    this.#isOver = true;
    await world.settled(Promise.all(callers), CALM);
  }

  #disturb(random: Random): void {
    const { etcd } = this.world;
    const { clock, store } = random.pick(this.processes);
    const act = random.pick(['break', 'cut', 'pause', 'revoke', 'delete', 'nothing', 'nothing', 'nothing'] as const);
    const first = etcd.oldest(`${NAME}/`);
    if (act === 'break') store.breakStreams();
    if (act === 'cut') store.network = store.network === 'up' ? 'down' : 'up';
    if (act === 'pause') clock.paused ? clock.resume(random.pick(['timers first', 'messages first'])) : clock.pause();
    if (act !== 'revoke' && act !== 'delete') return;
    if (first === undefined) return;
    this.#voided.set(first.createRevision, this.world.now);
    if (act === 'delete') etcd.delete(first.key);
    else etcd.revoke(first.lease);
  }

  async #call(process: Process & { readonly lock: Lock }, name: string, random: Random): Promise<void> {
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => process.clock.after(ms, resolve));
    const work = async (leadership: Leadership): Promise<void> => {
      this.#begin(name, leadership);
      await sleep(random.between(0, 400));
      if (random.chance(0.7)) leadership.signal.aborted; // asked for in some terms only, and late
      this.#holding.delete(name);
    };
    while (!this.#isOver) {
      await sleep(random.between(0, 500));
      const abort = new AbortController();
      const wait = random.between(0, 5_000);
      if (random.chance(0.3)) process.clock.after(random.between(0, 3_000), () => abort.abort());
      const options = { signal: abort.signal, ...(random.chance(0.5) && { wait }) };
      try {
        const kind = random.pick(['run', 'run', 'acquire', 'try'] as const);
        if (kind === 'run') await process.lock.run(work, options);
        else await this.#hold(work, kind === 'try' ? process.lock.tryAcquire() : process.lock.acquire(options));
      } catch (err) {
        const code = err instanceof ElectionError ? err.code : String(err);
        if (!EXPECTED.has(code)) this.problems.push(`${name}: rejected with ${code}`);
        if (code === 'TIMEOUT' || code === 'ABORTED') this.counts.gaveUp++;
        else this.counts.lost++;
      }
    }
  }

  async #hold(work: (leadership: Leadership) => Promise<void>, acquired: Promise<HeldLock | undefined>): Promise<void> {
    const held = await acquired;
    if (held === undefined) return;
    await using _ = held;
    await work(held);
  }

  #begin(name: string, leadership: Leadership): void {
    this.counts.held++;
    if (this.#holding.has(name)) this.problems.push(`${name}: two callers of one process at once`);
    this.#holding.set(name, leadership);
    const { fencingToken } = leadership;
    const isLater = fencingToken > this.#lastToken;
    // Whose key was deleted while the answer was on its way may be elected late, and hears of the deletion next.
    if (isLater) this.#lastToken = fencingToken;
    else if (!this.#isExcused(leadership)) this.problems.push(`${name}: ${fencingToken} after ${this.#lastToken}`);
  }

  /** After every step of the timeline: by the clock, one caller at the most holds the lock. */
  #check(): void {
    const current = [...this.#holding.values()].filter((term) => term.isCurrent() && !this.#isExcused(term));
    if (current.length > 1) this.problems.push(`two hold the lock at ${this.world.now}`);
  }

  #isExcused({ fencingToken }: Leadership): boolean {
    const at = this.#voided.get(fencingToken);
    // A process that is cut off or paused hears of it later. Its lease is over by then.
    return at !== undefined && this.world.now < at + LEARNS_WITHIN;
  }
}

describe('a lock under faults drawn at random', () => {
  const sum = { held: 0, lost: 0, gaveUp: 0 };

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`never has two holders, its tokens grow, and every call settles and leaves nothing (seed ${seed})`, async () => {
      const life = new Life(seed);
      await life.live();
      const { world, processes, problems, counts } = life;
      expect(problems).to.deep.equal([]);
      for (const key of ['held', 'lost', 'gaveUp'] as const) sum[key] += counts[key];
      await world.advance(30_000);
      expect(world.etcd.keys()).to.deep.equal([]);
      expect(processes.slice(1).flatMap(({ clock, store }) => [...clock.timers, ...store.open])).to.deep.equal([]);
    });
  }

  it('was held, lost and given up often enough to show something', () => {
    expect(
      Object.values(sum).every((count) => count > 20),
      JSON.stringify(sum),
    ).to.equal(true);
  });
});
