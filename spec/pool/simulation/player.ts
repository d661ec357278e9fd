import { type ElectionError, type ElectionErrorCode, Pool, Session } from '../../../lib/index.js';
import type { Ownership } from '../../../lib/pool/ownership.js';
import { Tally } from '../../simulation/tally.js';
import { Weather } from '../../simulation/weather.js';
import type { Connection } from '../../support/fake-etcd/connection.js';
import type { Random } from '../../support/random.js';
import type { VirtualClock } from '../../support/virtual-clock.js';
import type { Game } from './game.js';

export interface PlayerPlan {
  readonly id: string;
  readonly partitions: number | readonly string[];
  readonly rate: number;
  readonly lateness: number;
  /** Seconds. */
  readonly ttl: number;
  readonly settle: number;
  readonly handoffTimeout: number;
  readonly releaseTimeout: number;
  readonly concurrency: number;
  readonly coordinate: boolean;
  readonly shared: boolean;
}

/** What goes wrong outside the library, or is done to it on purpose. */
const EXPECTED: ReadonlySet<ElectionErrorCode> = new Set<ElectionErrorCode>([
  'UNAVAILABLE',
  'RELEASE_TIMEOUT',
  'LEASE_LOST',
  'TASK_FAILED',
  'NO_COORDINATOR',
  'BLOCKED',
]);

/** A worker in a process of its own, which works in its partitions, and can be paused and killed. */
export class Player {
  readonly name: string;
  readonly plan: PlayerPlan;
  readonly clock: VirtualClock;
  /** The clock of the worker's tasks: their timers are no leaks of the library. */
  readonly user: VirtualClock;
  readonly connection: Connection;
  readonly weather: Weather;
  readonly pool: Pool;
  readonly session: Session | undefined;
  /** By `gained` and `lost`. */
  readonly owned = new Set<string>();
  /** It has told that a task did not end in time. */
  hasTimedOut = false;
  isFit = true;
  #wantsWork = false;
  #run: Promise<void> | undefined;
  readonly #game: Game;
  readonly #random: Random;

  constructor(name: string, plan: PlayerPlan, game: Game) {
    this.name = name;
    this.plan = plan;
    this.#game = game;
    this.#random = game.random.fork();
    const { time, etcd } = game;
    const options = { name, rate: plan.rate, offset: this.#random.between(0, 1e6) };
    const chance = this.#random.fork();
    this.clock = time.clock({
      ...options,
      ...(plan.lateness > 0 && { lateness: () => chance.between(0, plan.lateness) }),
    });
    this.user = time.clock(options);
    this.connection = etcd.connect({ clock: this.clock, name });
    this.weather = new Weather({
      random: this.#random.fork(),
      now: () => time.now,
      tally: new Tally(),
      disturb: () => {},
      hangTimeout: 3_600,
    });
    this.connection.faults.draw = this.weather.draw;
    const environment = { store: this.connection, clock: this.clock };
    const { id, rate: _, lateness: __, shared, ttl, ...rest } = plan;
    this.session = shared ? new Session(environment, { ttl }) : undefined;
    this.pool = new Pool((this.session ?? environment) as Session, 'p', {
      member: id,
      healthCheck: () => this.isFit,
      ...rest,
      ...(!shared && { ttl }),
    });
    const { referee } = game;
    this.pool.on('gained', ({ partition, fencingToken }) => referee.gained(this, partition, fencingToken));
    this.pool.on('lost', ({ partition }, { code }) => {
      game.tell(this.name, `loses ${partition}: ${code}`);
      referee.lost(this, partition, code);
    });
    this.pool.on('gained', ({ partition }) => game.tell(this.name, `gains ${partition}`));
    this.pool.on('coordinating', (is) => game.tell(this.name, is ? 'coordinates' : 'coordinates no longer'));
    this.pool.on('error', (error) => this.#failed(error));
  }

  get isDead(): boolean {
    return this.clock.dead;
  }

  /** Works from now on; when it is being stopped, from the end of that on. */
  start(): void {
    this.#wantsWork = true;
    if (this.#run !== undefined) return;
    const over = (): void => {
      this.#run = undefined;
      if (this.#wantsWork) this.start();
    };
    this.#run = this.pool.run((ownership) => this.#work(ownership)).then(over, (err: unknown) => this.#surprise(err));
  }

  stop(): Promise<void> {
    this.#wantsWork = false;
    return this.pool.stop();
  }

  kill(): void {
    this.clock.kill();
    this.user.kill();
  }

  pause(ms: number): void {
    if (this.clock.paused || this.isDead) return;
    this.clock.pause();
    this.user.pause();
    this.#game.time.at(this.#game.time.now + ms, () => this.resume());
  }

  resume(): void {
    this.user.resume();
    this.clock.resume(this.#random.pick(['as they came', 'timers first', 'messages first']));
  }

  #work(ownership: Ownership): Promise<void> {
    const { partition, key, leaseId, signal } = ownership;
    const ended = this.#game.referee.begins(this, partition, key, BigInt(`0x${leaseId}`));
    return new Promise((resolve, reject) => {
      const end = (how: () => void): void => {
        ended();
        how();
      };
      // Most work until they are told to stop; some return, and some fail.
      const kind = this.#random.next();
      const takes = this.#random.between(50, 4_000);
      if (kind < 0.2) this.user.after(takes, () => end(resolve));
      else if (kind < 0.4) this.user.after(takes, () => end(() => reject(new Error('a task fails'))));
      else {
        const windDown = this.#random.chance(0.1) ? 10_000 : this.#random.between(0, 1_200);
        const stop = (): void => void this.user.after(windDown, () => end(resolve));
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop);
      }
    });
  }

  #failed(error: ElectionError): void {
    this.#game.tell(this.name, `error ${error.code}: ${error.message}`);
    if (error.code === 'RELEASE_TIMEOUT') this.hasTimedOut = true;
    if (!EXPECTED.has(error.code)) this.#surprise(error);
  }

  #surprise(err: unknown): void {
    this.#game.referee.break('no surprises', `${this.name}: ${err instanceof Error ? err.stack : err}`);
  }
}
