import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { ElectionError } from '../errors.js';
import type { CommandContext } from './command-context.js';
import { candidates } from './commands/candidates.js';
import { history } from './commands/history.js';
import { list } from './commands/list.js';
import { observe } from './commands/observe.js';
import { type PoolFlags, pool } from './commands/pool.js';
import { drain, pause, resume, undrain } from './commands/pool-control.js';
import { type RunFlags, run } from './commands/run.js';
import { type ServeFlags, serve } from './commands/serve.js';
import { type StepDownFlags, stepDown } from './commands/step-down.js';
import { top } from './commands/top.js';
import { type ConnectionFlags, connect, type EtcdConnection } from './connection.js';
import { CliError, EXIT, type Exit } from './exit.js';
import { explain } from './explain.js';
import * as help from './help.js';
import { LEVELS, type Level, Output } from './output.js';

interface GlobalFlags extends ConnectionFlags {
  readonly json?: true;
  readonly logLevel: Level;
}

/** Carries out a command; resolves with how the program must end: with a code, or as the command under `run` ended. */
type Action = (context: CommandContext, args: readonly string[], flags: object) => Promise<Exit | number>;

/** Does what the arguments say; resolves with how the program must end. */
export async function main(argv: readonly string[]): Promise<Exit> {
  let exit: Exit = { code: EXIT.ok };
  const program = build((how) => {
    exit = how;
  });
  try {
    await program.parseAsync(argv);
  } catch (err) {
    if (!(err instanceof CommanderError)) throw err;
    return { code: err.exitCode === UNDECIDED ? usageCode(argv) : err.exitCode };
  }
  return exit;
}

/** Commander's exit code for a wrong flag when it does not know yet to which command the flag belongs. */
const UNDECIDED = 1;

function usageCode(argv: readonly string[]): number {
  const words = argv.slice(2, argv.includes('--') ? argv.indexOf('--') : undefined);
  return words.includes('run') ? EXIT.run : EXIT.usage;
}

function usage(code: number): (err: CommanderError) => never {
  return (err) => {
    throw err.exitCode === 0 ? err : new CommanderError(code, err.code, err.message);
  };
}

function build(done: (exit: Exit) => void): Command {
  const program = new Command('etcd-leader')
    .exitOverride()
    .description('Leader election on etcd v3: run a command on one host only, see who leads, hand leadership on.')
    .version((createRequire(import.meta.url)('../../../package.json') as { version: string }).version)
    .addOption(new Option('--endpoints <list>', 'addresses of etcd, comma-separated').env('ETCDCTL_ENDPOINTS'))
    .addOption(new Option('--cacert <file>', 'certificate authority of the servers, PEM').env('ETCDCTL_CACERT'))
    .addOption(new Option('--cert <file>', 'client certificate, PEM').env('ETCDCTL_CERT'))
    .addOption(new Option('--key <file>', "the client certificate's key, PEM").env('ETCDCTL_KEY'))
    .addOption(new Option('--user <name[:password]>', 'user of etcd').env('ETCDCTL_USER'))
    .addOption(new Option('--password <password>', 'then --user is only the name').env('ETCDCTL_PASSWORD'))
    .option('--json', 'results and notices as JSON, one line each')
    .addOption(new Option('--log-level <level>', 'which notices go to stderr').choices(LEVELS).default('info'))
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('(etcd-leader --help, or etcd-leader help <command>, says more)')
    .addHelpText('after', help.PROGRAM);

  const action = (act: Action) => {
    return async (...args: unknown[]): Promise<void> => {
      const command = args.at(-1) as Command;
      const exit = await carryOut(command, act);
      done(typeof exit === 'number' ? { code: exit } : exit);
    };
  };

  program
    .command('run')
    .exitOverride(usage(EXIT.run))
    .description('run a command while this host leads; every host runs it in its turn')
    .argument('<election>', 'name of the election')
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--value <text>', 'what this candidate announces (default: <hostname>:<pid>)')
    .option('--ttl <seconds>', 'how long a crashed leader holds its place', '10')
    .option('--allow-long-ttl', 'take a --ttl of more than 3600 seconds')
    .option('--once', "exit with the command's code instead of queueing again")
    .option('--wait <seconds>', 'give up with 124 when another host leads for so long; 0: at once')
    .option('--every <time>', 'once in each period in the whole cluster: 90s, 15m, 6h, 1d; see below')
    .option('--priority <n>', 'who leads after a planned change: the highest first (-1000 to 1000, default 0)')
    .option('--preempt <seconds>', 'make way for a host of a higher --priority that has waited for so long')
    .option('--history <n>', 'record so many terms of leaders in etcd, for etcd-leader history (0 to 1000, default 0)')
    .option('--kill-after <seconds>', 'after lost leadership, from SIGTERM to SIGKILL (default and most: ttl / 4)')
    .option('--foreground', 'leave the command in the process group of the terminal; see below')
    .option('--no-watchdog', 'do without the helper process that ends the command when this one cannot')
    .addHelpText('after', help.RUN)
    .action(action((context, [election = '', ...argv], flags) => run(context, election, argv, flags as RunFlags)));

  const looks = [
    ['observe', 'print who leads: now, and at every change', help.OBSERVE, observe],
    ['candidates', 'print the queue; the first leads', help.CANDIDATES, candidates],
    ['history', 'print who led, from when until when, and why it ended', help.HISTORY, history],
  ] as const;
  for (const [name, description, text, look] of looks) {
    program
      .command(name)
      .exitOverride(usage(EXIT.usage))
      .description(description)
      .argument('<election>', 'name of the election')
      .addHelpText('after', text)
      .action(action((context, [election = '']) => look(context, election)));
  }

  program
    .command('list')
    .exitOverride(usage(EXIT.usage))
    .description('print the elections and who leads them')
    .argument('[prefix]', 'what the names begin with', '')
    .addHelpText('after', help.LIST)
    .action(action((context, [prefix = '']) => list(context, prefix)));

  program
    .command('top')
    .exitOverride(usage(EXIT.usage))
    .description('show all elections and pools on the terminal, live')
    .argument('[prefix]', 'what the names begin with', '')
    .addHelpText('after', help.TOP)
    .action(action((context, [prefix = '']) => top(context, prefix)));

  program
    .command('step-down')
    .exitOverride(usage(EXIT.usage))
    .description('ask the leader to step down, and wait for the next one')
    .argument('<election>', 'name of the election')
    .option('--to <value>', 'who shall lead next: what that candidate announces')
    .option('--force', "delete the leader's key instead; see below")
    .option('-y, --yes', 'do not ask on the terminal')
    .addHelpText('after', help.STEP_DOWN)
    .action(action((context, [election = ''], flags) => stepDown(context, election, flags as StepDownFlags)));

  addPool(program, action);
  addServe(program, action);
  addHelp(program);
  return program;
}

/** As commander's own command, which knows no command of a command: `help pool drain`. */
function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .exitOverride(usage(EXIT.usage))
    .description('display help for command')
    .argument('[command...]', 'the command, and the command of that')
    .action((words: readonly string[], _flags: object, help: Command) => {
      const told = words.reduce<Command>((command, word) => {
        const next = command.commands.find((one) => one.name() === word);
        return next ?? help.error(`error: unknown command '${words.join(' ')}'`, { code: 'commander.unknownCommand' });
      }, program);
      told.help();
    });
}

function addServe(program: Command, action: (act: Action) => (...args: unknown[]) => Promise<void>): void {
  const oneMore = (text: string, before: readonly string[]): readonly string[] => [...before, text];
  program
    .command('serve')
    .exitOverride(usage(EXIT.usage))
    .description('show elections and pools in the browser, and answer health checks of load balancers')
    .argument('[prefix]', 'what the names begin with', '')
    .option('--listen <address:port>', 'where to listen; other machines need a token', '127.0.0.1:8080')
    .option('--token-file <file>', 'clients must show the token in this file; or see ETCD_LEADER_SERVE_TOKEN')
    .option('--host <name>', 'a name under which browsers may ask, beside the address; may be repeated', oneMore, [])
    .option('--value <text>', 'what the candidates of this host announce; may be repeated; see below', oneMore, [])
    .option('--vouch-for <seconds>', 'after an outage of so long /leader calls nobody the leader', '5')
    .addHelpText('after', help.SERVE)
    .action(action((context, [prefix = ''], flags) => serve(context, prefix, flags as ServeFlags)));
}

/** The word after `pool` is one of these commands, or else the name of the pool. `show` takes any name. */
function addPool(program: Command, action: (act: Action) => (...args: unknown[]) => Promise<void>): void {
  const named = (command: Command): Command =>
    command
      .exitOverride(usage(EXIT.usage))
      .configureHelp({ ...program.configureHelp(), visibleGlobalOptions: () => [...program.options] })
      .argument('<name>', 'name of the pool')
      .addHelpText('after', help.POOL);
  const shown = (command: Command): Command =>
    named(command)
      .option('--partitions', 'print who owns each partition')
      .option('--watch', 'print at every change too, until interrupted');
  const parent = shown(program.command('pool'))
    .description('print the workers of a pool and its partitions; drain workers, pause moves')
    .action(action((context, [name = ''], flags) => pool(context, name, flags as PoolFlags)));
  // An option that both commands have is the outer one's, wherever it stands.
  shown(parent.command('show'))
    .description('the same, also of a pool that is called as one of these commands')
    .action(action((context, [name = '']) => pool(context, name, parent.opts<PoolFlags>())));
  const commands = [
    ['drain', 'take the partitions of a worker, and give it none', drain],
    ['undrain', 'let a worker have partitions again', undrain],
    ['pause', 'move no partition for balance', pause],
    ['resume', 'move partitions for balance again', resume],
  ] as const;
  for (const [word, description, act] of commands) {
    const command = named(parent.command(word)).description(description);
    if (word === 'drain' || word === 'undrain') command.argument('<member>', "the worker's name");
    const carriedOut = action((context, [name = '', member = '']) => act(context, name, member));
    command.action((...args: unknown[]) => {
      const [flag] = Object.keys(parent.opts());
      if (flag !== undefined) command.error(`error: unknown option '--${flag}'`, { code: 'commander.unknownOption' });
      return carriedOut(...args);
    });
  }
}

async function carryOut(command: Command, act: Action): Promise<Exit | number> {
  const { json = false, logLevel, ...flags } = command.optsWithGlobals<GlobalFlags>();
  const out = new Output({ json, level: logLevel });
  let connection: EtcdConnection | undefined;
  try {
    connection = await connect(flags, out.logger);
    return await act({ ...connection, out }, command.args, command.opts());
  } catch (err) {
    const isUsage = err instanceof ElectionError && err.code === 'INVALID_OPTION';
    const code = err instanceof CliError ? err.exitCode : isUsage ? EXIT.usage : EXIT.failed;
    out.error(explain(err, connection?.endpoints ?? ''), {});
    const isOurs = code === EXIT.usage || code === EXIT.failed;
    return command.name() === 'run' && isOurs ? EXIT.run : code;
  } finally {
    connection?.etcd.close();
  }
}
