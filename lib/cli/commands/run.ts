import { type Clock, SystemClock, sleep } from '../../common/time.js';
import { Election } from '../../election.js';
import { ElectionError } from '../../errors.js';
import type { Leadership } from '../../leadership.js';
import { LONG_TTL } from '../../options.js';
import { Command } from '../child/command.js';
import { checkCommand } from '../child/path.js';
import { Restart } from '../child/restart.js';
import { Signals } from '../child/signals.js';
import { type Outcome, supervise, timeLeft } from '../child/supervise.js';
import { Watchdog } from '../child/watchdog.js';
import type { Context } from '../context.js';
import { CliError, codeOf, EXIT, type Exit } from '../exit.js';
import { explain } from '../explain.js';
import { Outage } from '../outage.js';
import { visible } from '../output.js';

export interface RunFlags {
  readonly value?: string;
  readonly ttl: string;
  readonly allowLongTtl?: true;
  readonly once?: true;
  readonly killAfter?: string;
  readonly foreground?: true;
  readonly watchdog: boolean;
}

/** Share of the TTL after which leadership ends. In the rest of the TTL the command can stop. */
const RENEW_DEADLINE = 0.75;

/** Runs the command whenever, and only while, this process leads; resolves with how to exit. */
export async function run(context: Context, name: string, argv: readonly string[], flags: RunFlags): Promise<Exit> {
  checkCommand(argv[0] ?? '', process.env);
  const { etcd, out } = context;
  const ttl = Number(flags.ttl);
  const allowLongTtl = flags.allowLongTtl === true;
  if (ttl > LONG_TTL && !allowLongTtl) throw new CliError(EXIT.usage, longTtl(flags.ttl));
  const renewDeadline = RENEW_DEADLINE * ttl;
  const election = new Election(etcd, name, {
    ttl,
    allowLongTtl,
    renewDeadline,
    logger: out.logger,
    ...(flags.value !== undefined && { value: flags.value }),
  });
  const runner = new Runner(context, election, argv, {
    once: flags.once === true,
    foreground: flags.foreground === true,
    watchdog: flags.watchdog,
    killAfter: killAfterOf(flags.killAfter, 1000 * (ttl - renewDeadline)),
    ttl,
  });
  return runner.run();
}

function longTtl(text: string): string {
  return (
    `--ttl must be ${LONG_TTL} seconds or less; got ${text}. It is seconds, not milliseconds; if you mean a crashed ` +
    'leader to hold its place for so long, say --allow-long-ttl'
  );
}

/** In milliseconds, as `most` is. @throws CliError */
function killAfterOf(text: string | undefined, most: number): number {
  if (text === undefined) return most;
  const ms = 1000 * Number(text);
  if (text.trim() === '' || !(ms >= 0 && ms <= most)) {
    throw new CliError(EXIT.usage, `--kill-after must be 0 to ${most / 1000} seconds, a quarter of --ttl; got ${text}`);
  }
  return ms;
}

interface RunnerOptions {
  readonly once: boolean;
  readonly foreground: boolean;
  readonly watchdog: boolean;
  /** Milliseconds. */
  readonly killAfter: number;
  /** Seconds. */
  readonly ttl: number;
}

class Runner {
  readonly #context: Context;
  readonly #election: Election;
  readonly #argv: readonly string[];
  readonly #options: RunnerOptions;
  readonly #clock: Clock = new SystemClock();
  readonly #signals: Signals;
  readonly #watchdog: Watchdog | undefined;
  /** How the latest command has ended: when we are asked to stop, this process ends in the same way. */
  #lastExit: Exit | undefined;

  constructor(context: Context, election: Election, argv: readonly string[], options: RunnerOptions) {
    this.#context = context;
    this.#election = election;
    this.#argv = argv;
    this.#options = options;
    this.#signals = new Signals(options);
    this.#watchdog = options.watchdog
      ? new Watchdog((reason) => context.out.warn(`no watchdog any more: ${reason}`))
      : undefined;
    this.#tell();
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
      const startedAt = this.#clock.now();
      const outcome = await this.#nextTerm();
      const { stop } = this.#signals;
      if (stop !== undefined) return outcome?.exit ?? this.#lastExit ?? { signal: stop };
      if (outcome === undefined) continue;
      if (this.#options.once) return outcome.exit;
      const pause = restart.pauseAfter(outcome.exit, this.#clock.now() - startedAt);
      if (pause > 0) this.#context.out.info(`queueing again in ${(pause / 1000).toFixed(1)} s`);
      await sleep(this.#clock, pause, this.#signals.idle);
    }
  }

  /** Queues and leads, again whenever leadership is lost. Undefined: no command ran to its end. */
  async #nextTerm(): Promise<Outcome | undefined> {
    try {
      return await this.#election.run((leadership) => this.#lead(leadership), { signal: this.#signals.idle });
    } catch (err) {
      if (err instanceof ElectionError && err.code === 'ABORTED') return undefined;
      throw err;
    }
  }

  async #lead(leadership: Leadership): Promise<Outcome | undefined> {
    const { out } = this.#context;
    const { ttl, killAfter, foreground } = this.#options;
    if (this.#signals.stop !== undefined || !leadership.isCurrent()) return undefined;
    const started = Command.start(this.#argv, { env: environment(leadership), foreground });
    const command = started instanceof Command ? started : await started;
    this.#signals.watchOver({ command, mayGoOn: () => leadership.isCurrent() });
    this.#watchdog?.guard(command.target, timeLeft(leadership, ttl));
    const { fencingToken: token } = leadership;
    out.info(`elected with token ${token}: running ${visible(this.#argv.join(' '))}`, { token, pid: command.pid });

    const outcome = await supervise(command, leadership, { ttl, killAfter, out });
    this.#watchdog?.release();
    this.#signals.watchOver(undefined);
    out.info(describe(outcome.exit), { ...outcome.exit });
    this.#lastExit = outcome.exit;
    if (outcome.lost !== undefined) this.#signals.stopIfAsked();
    return outcome;
  }

  /** Prints what a person wants to know, on the terminal or in the journal of the service. */
  #tell(): void {
    const { out, endpoints } = this.#context;
    const election = this.#election;
    const outage = new Outage(out, endpoints);
    election.on('suspended', (error) => {
      const left = election.leadership?.expiresIn();
      outage.begin(error, left === undefined ? '' : `; leading for another ${(left / 1000).toFixed(1)} s`);
    });
    election.on('error', (error) => {
      if (error.code === 'UNAVAILABLE' || error.code === 'PERMISSION_DENIED') outage.begin(error);
      else if (error.code === 'BLOCKED') out.error(explain(error, endpoints), { code: error.code });
      else out.warn(explain(error, endpoints), { code: error.code });
    });
    election.on('resumed', () => outage.end());
    election.on('elected', () => outage.end());
    election.on('leader', (value, candidate) => {
      outage.end();
      if (candidate === undefined || candidate.key === election.leadership?.key) return;
      const { fencingToken: token } = candidate;
      out.info(`${visible(value ?? '')} leads (token ${token}): waiting`, { leader: value, token });
    });
    election.on('refresh', () => {
      const { leadership } = election;
      if (leadership !== undefined) this.#watchdog?.extend(timeLeft(leadership, this.#options.ttl));
    });
  }
}

function environment({ fencingToken, key, election }: Leadership): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ETCD_LEADER_TOKEN: fencingToken.toString(),
    ETCD_LEADER_KEY: key,
    ETCD_LEADER_ELECTION: election,
  };
}

function describe(exit: Exit): string {
  return 'code' in exit ? `the command has exited with ${codeOf(exit)}` : `the command was ended by ${exit.signal}`;
}
