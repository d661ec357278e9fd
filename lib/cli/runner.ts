import { type Clock, SystemClock, sleep } from '../common/time.js';
import type { Election } from '../election.js';
import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import { Command } from './child/command.js';
import { Reach } from './child/reach.js';
import { Restart } from './child/restart.js';
import { Signals } from './child/signals.js';
import { type Outcome, supervise, timeLeft } from './child/supervise.js';
import { Watchdog } from './child/watchdog.js';
import type { CommandContext } from './command-context.js';
import { CliError, EXIT, type Exit, exitCodeOf } from './exit.js';
import { explain } from './explain.js';
import { visible } from './output.js';
import type { Periods } from './periods.js';
import { RunNotices } from './run-notices.js';

export interface RunnerOptions {
  readonly once: boolean;
  readonly foreground: boolean;
  readonly watchdog: boolean;
  /** Milliseconds. */
  readonly killAfter: number;
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds to wait for leadership each time; undefined: no limit. */
  readonly wait: number | undefined;
  /** Lets the command run once in each period; undefined: in each term. */
  readonly periods: Periods | undefined;
}

/** What came of a term: how the command has ended, and the milliseconds that it ran. */
interface CommandTerm extends Outcome {
  readonly ran: number;
}

/** The period had been claimed before: there was nothing to do. */
const NOTHING_TO_DO: CommandTerm = { exit: { code: EXIT.ok }, lost: undefined, ran: 0 };

/** `run`: queues, runs the command while it leads, and queues again. */
export class Runner {
  readonly #context: CommandContext;
  readonly #election: Election;
  readonly #argv: readonly string[];
  readonly #options: RunnerOptions;
  readonly #clock: Clock = new SystemClock();
  readonly #signals: Signals;
  readonly #reach: Reach;
  readonly #watchdog: Watchdog | undefined;
  readonly #notices: RunNotices;
  /** How the latest command has ended: when we are asked to stop, this process ends in the same way. */
  #lastExit: Exit | undefined;

  constructor(context: CommandContext, election: Election, argv: readonly string[], options: RunnerOptions) {
    this.#context = context;
    this.#election = election;
    this.#argv = argv;
    this.#options = options;
    this.#signals = new Signals(options);
    this.#reach = new Reach(context);
    this.#watchdog = options.watchdog
      ? new Watchdog(this.#reach.means, (reason) => context.out.warn(`no watchdog any more: ${reason}`))
      : undefined;
    this.#notices = new RunNotices(context, election);
    const extend = (): void => {
      const { leadership } = election;
      if (this.#watchdog === undefined) return;
      const news = this.#reach.news;
      if (news !== undefined) this.#watchdog.equip(news);
      if (leadership !== undefined) this.#watchdog.extend(leadership.leaseId, timeLeft(leadership, options.ttl));
    };
    election.on('elected', extend);
    election.on('refresh', extend);
  }

  async run(): Promise<Exit> {
    try {
      return await this.#untilEnded();
    } finally {
      this.#watchdog?.close();
    }
  }

  async #untilEnded(): Promise<Exit> {
    const restart = new Restart();
    for (;;) {
      const turn = await this.#nextTurn();
      const { stop } = this.#signals;
      if (stop !== undefined) return turn?.exit ?? this.#lastExit ?? { signal: stop };
      if (turn === undefined) continue;
      if (this.#options.once) return turn.exit;
      const pause = restart.pauseAfter(turn.exit, turn.ran);
      if (pause > 0) this.#context.out.info(`queueing again in ${(pause / 1000).toFixed(1)} s`);
      await sleep(this.#clock, pause, this.#signals.idle);
    }
  }

  /** Queues and leads, again whenever leadership is lost. Undefined: no command ran to its end. */
  async #nextTurn(): Promise<CommandTerm | undefined> {
    const { wait } = this.#options;
    const options = { signal: this.#signals.idle, ...(wait !== undefined && { wait }) };
    try {
      return await this.#election.run((leadership) => this.#lead(leadership), options);
    } catch (err) {
      if (!(err instanceof ElectionError)) throw err;
      throw err.code === 'TIMEOUT' ? this.#notElected(err) : err;
    } finally {
      this.#watchdog?.rest();
    }
  }

  /** The error when the wait is over: another host leads, which a script may accept; or something is wrong. */
  #notElected({ cause }: ElectionError): CliError {
    const { endpoints } = this.#context;
    const what = `not elected within ${(this.#options.wait ?? 0) / 1000} s`;
    if (cause !== undefined) return new CliError(EXIT.failed, `${what}: ${explain(cause, endpoints)}`);
    const { blocked, leader } = this.#notices;
    if (blocked !== undefined) return new CliError(EXIT.failed, `${what}: ${explain(blocked, endpoints)}`);
    const who = leader === undefined ? 'another candidate is before this one' : `${leader} leads`;
    return new CliError(EXIT.notElected, `${what}: ${who}`);
  }

  async #lead(leadership: Leadership): Promise<CommandTerm | undefined> {
    const { periods, once } = this.#options;
    if (periods === undefined) return this.#work(leadership, undefined);
    for (;;) {
      const period = await periods.claim(leadership);
      if (period !== undefined) return this.#work(leadership, period);
      if (leadership.signal.aborted) return undefined;
      const then = once ? 'nothing to do' : `the next one begins at ${periods.end.toISOString()}`;
      this.#context.out.info(`this period is done or under way already: ${then}`);
      if (once) return NOTHING_TO_DO;
      await periods.next(leadership.signal);
    }
  }

  async #work(leadership: Leadership, period: Date | undefined): Promise<CommandTerm | undefined> {
    const { out } = this.#context;
    const { ttl, killAfter, foreground } = this.#options;
    if (this.#signals.stop !== undefined || !leadership.isCurrent()) return undefined;
    const startedAt = this.#clock.now();
    const started = Command.start(this.#argv, { env: environment(leadership, period), foreground });
    const command = started instanceof Command ? started : await started;
    this.#signals.watchOver({ command, mayGoOn: () => leadership.isCurrent() });
    this.#watchdog?.guard(command, leadership.leaseId, timeLeft(leadership, ttl));
    const { fencingToken: token } = leadership;
    const forPeriod = period === undefined ? '' : ` for ${period.toISOString()}`;
    const what = `running ${visible(this.#argv.join(' '))}${forPeriod}`;
    out.info(`elected with token ${token}: ${what}`, { token, pid: command.pid, ...(period && { period }) });

    const outcome = await supervise(command, leadership, { ttl, killAfter, out });
    this.#watchdog?.release();
    this.#signals.watchOver(undefined);
    out.info(describe(outcome.exit), { ...outcome.exit });
    this.#lastExit = outcome.exit;
    if (outcome.lost !== undefined) this.#signals.stopIfAsked();
    return { ...outcome, ran: this.#clock.now() - startedAt };
  }
}

function environment(leadership: Leadership, period: Date | undefined): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ETCD_LEADER_TOKEN: leadership.fencingToken.toString(),
    ETCD_LEADER_KEY: leadership.key,
    ETCD_LEADER_ELECTION: leadership.election,
    ...(period !== undefined && { ETCD_LEADER_PERIOD: period.toISOString() }),
  };
}

function describe(exit: Exit): string {
  return 'code' in exit ? `the command has exited with ${exitCodeOf(exit)}` : `the command was ended by ${exit.signal}`;
}
