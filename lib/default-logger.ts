import { pino } from 'pino';
import { ElectionError } from './errors.js';
import { GuardedLogger, type Logger } from './log.js';

/** The name of every warning of this library. */
const TYPE = 'EtcdLeaderWarning';

/** pino's levels. `silent` comes without pino, which cannot be made under `node --frozen-intrinsics`. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** A thousand elections may have the same trouble at once. After so many the trouble is told for no further one. */
const MOST_NAMED = 10;

const HINT =
  'Without a `logger`, each kind of warning or error is told once for each election. Give a `logger` to have all of ' +
  'them, or set ETCD_LEADER_LOG=silent to have none.';

/** How many elections were named, by the kind of trouble. */
const named = new Map<string, number>();
let hasHinted = false;

let shared: Logger | undefined;

/** What logs when the user has given no logger. The environment variable `ETCD_LEADER_LOG` is read once. */
export function defaultLogger(): Logger {
  shared ??= loggerFor(process.env['ETCD_LEADER_LOG'] ?? '');
  return shared;
}

/** The default logger of fakes, which lose leases on purpose: errors are told, and warnings are not. */
export function defaultLoggerOfTests(): Logger {
  const logger = defaultLogger();
  return logger instanceof WarningLogger ? new WarningLogger(undefined, 'error') : logger;
}

function loggerFor(level: string): Logger {
  if (level === 'silent') return SILENT;
  if (LEVELS.includes(level)) return new GuardedLogger(pino({ name: 'etcd-leader', level }));
  if (level !== '') {
    // A misspelt level must not stop the application.
    const message = `ETCD_LEADER_LOG must be silent, ${LEVELS.join(', ')}; got ${JSON.stringify(level)}`;
    process.emitWarning(message, { type: TYPE, code: 'ETCD_LEADER_INVALID_OPTION' });
  }
  return new WarningLogger(undefined, 'warn');
}

const nothing = (): void => {};

const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * Tells warnings and errors as warnings of the process, each kind once for each election, so that nobody is left
 * without a word. A kind is the message of the log, with the code of the error or the name of the event.
 */
class WarningLogger implements Logger {
  readonly #election: string | undefined;
  readonly #from: 'warn' | 'error';
  #told: Set<string> | undefined;

  constructor(election: string | undefined, from: 'warn' | 'error') {
    this.#election = election;
    this.#from = from;
  }

  debug(): void {}

  info(): void {}

  warn(data: object, message: string): void {
    if (this.#from === 'warn') this.#tell(data, message);
  }

  error(data: object, message: string): void {
    this.#tell(data, message);
  }

  child({ election }: Record<string, unknown>): Logger {
    return new WarningLogger(typeof election === 'string' ? election : this.#election, this.#from);
  }

  #tell({ err, ...data }: { readonly err?: unknown; readonly event?: unknown }, message: string): void {
    const kind = `${message} ${err instanceof ElectionError ? err.code : (data.event ?? '')}`;
    this.#told ??= new Set();
    if (this.#told.size === this.#told.add(kind).size) return;
    const count = (named.get(kind) ?? 0) + 1;
    named.set(kind, count);
    if (count > MOST_NAMED) return;
    const facts = Object.entries(data).map(([name, value]) => `${name}: ${String(value)}`);
    const parts = [
      ...(this.#election === undefined ? [] : [this.#election]),
      facts.length === 0 ? message : `${message} (${facts.join(', ')})`,
      ...(err === undefined ? [] : [err instanceof Error ? err.message : String(err)]),
    ];
    const more = count === MOST_NAMED ? ' (the tenth election with this trouble: no other is told of)' : '';
    const detail = detailOf(err);
    const code = warningCodeOf(err, data.event);
    process.emitWarning(parts.join(': ') + more, { type: TYPE, code, ...(detail !== '' && { detail }) });
  }
}

/** A code for `node --disable-warning`. */
function warningCodeOf(err: unknown, event: unknown): string {
  if (err instanceof ElectionError) return `ETCD_LEADER_${err.code}`;
  return event === undefined ? 'ETCD_LEADER_WARNING' : 'ETCD_LEADER_LISTENER_FAILED';
}

/** The stack of an error of the user's own code; and, with the first warning, what these warnings are. */
function detailOf(err: unknown): string {
  const hint = hasHinted ? [] : [HINT];
  hasHinted = true;
  const stack = err instanceof Error && !(err instanceof ElectionError) ? [err.stack ?? ''] : [];
  return [...stack, ...hint].join('\n');
}
