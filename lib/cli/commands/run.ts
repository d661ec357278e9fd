import { Election } from '../../election.js';
import { LONG_TTL } from '../../options.js';
import { checkCommand } from '../child/path.js';
import type { CommandContext } from '../command-context.js';
import { millisecondsOf, secondsOf, wholeNumberOf } from '../duration.js';
import { CliError, EXIT, type Exit } from '../exit.js';
import { Periods } from '../periods.js';
import { Runner, type RunnerOptions } from '../runner.js';

export interface RunFlags {
  readonly value?: string;
  readonly ttl: string;
  readonly allowLongTtl?: true;
  readonly once?: true;
  readonly wait?: string;
  readonly every?: string;
  readonly priority?: string;
  readonly preempt?: string;
  readonly history?: string;
  readonly killAfter?: string;
  readonly foreground?: true;
  readonly watchdog: boolean;
}

/** Share of the TTL after which leadership ends. In the rest of the TTL the command can stop. */
const RENEW_DEADLINE = 0.75;

/** Runs the command whenever, and only while, this process leads; resolves with how to exit. */
export async function run(
  context: CommandContext,
  name: string,
  argv: readonly string[],
  flags: RunFlags,
): Promise<Exit> {
  const { etcd, out } = context;
  const ttl = secondsOf('--ttl', flags.ttl);
  const allowLongTtl = flags.allowLongTtl === true;
  if (ttl > LONG_TTL && !allowLongTtl) throw new CliError(EXIT.usage, longTtl(flags.ttl));
  const renewDeadline = RENEW_DEADLINE * ttl;
  const election = new Election(etcd, name, {
    ttl,
    allowLongTtl,
    renewDeadline,
    logger: out.logger,
    ...(flags.value !== undefined && { value: flags.value }),
    ...(flags.priority !== undefined && { priority: wholeNumberOf('--priority', flags.priority) }),
    ...(flags.preempt !== undefined && { preempt: secondsOf('--preempt', flags.preempt) }),
    ...(flags.history !== undefined && { history: wholeNumberOf('--history', flags.history) }),
  });
  const every = flags.every === undefined ? undefined : millisecondsOf('--every', flags.every);
  const options: RunnerOptions = {
    once: flags.once === true,
    foreground: flags.foreground === true,
    watchdog: flags.watchdog,
    killAfter: killAfterOf(flags.killAfter, 1000 * (ttl - renewDeadline)),
    ttl,
    wait: flags.wait === undefined ? undefined : waitOf(flags.wait),
    periods: every === undefined ? undefined : new Periods(context, name, every),
  };
  checkCommand(argv[0] ?? '', process.env);
  return new Runner(context, election, argv, options).run();
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
  const ms = 1000 * secondsOf('--kill-after', text);
  if (ms > most) {
    throw new CliError(EXIT.usage, `--kill-after must be 0 to ${most / 1000} seconds, a quarter of --ttl; got ${text}`);
  }
  return ms;
}

/** Seconds that a timer can wait. */
const LONGEST_WAIT = 2_147_483;

/** In milliseconds. @throws CliError */
function waitOf(text: string): number {
  const seconds = secondsOf('--wait', text);
  if (seconds > LONGEST_WAIT) {
    throw new CliError(EXIT.usage, `--wait must be 0 to ${LONGEST_WAIT} seconds; got ${text}`);
  }
  return Math.ceil(1000 * seconds);
}
