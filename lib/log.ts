import { pino } from 'pino';

/**
 * Anything shaped like pino: the message is constant, the data is in the object. `child` is optional.
 *
 * info = a change of state; warn = may still recover; error = somebody must act; debug = single requests and streams.
 */
export interface Logger {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
  child?(bindings: Record<string, unknown>): Logger;
}

let shared: Logger | undefined;

/** Silent, unless the environment variable `ETCD_LEADER_LOG` names a level of pino's; it is read once. */
export function defaultLogger(): Logger {
  shared ??= pino({ name: 'etcd-leader', level: levelFrom(process.env['ETCD_LEADER_LOG']) });
  return shared;
}

/** A misspelt level must not stop the application: pino would throw. */
function levelFrom(value: string | undefined): string {
  return value !== undefined && (value === 'silent' || value in pino.levels.values) ? value : 'silent';
}

/** Loggers whose failure has been told. */
const failed = new WeakSet<Logger>();

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * A user's logger, kept from disturbing an election: pino throws when its transport has ended. The first failure, be it
 * of a child logger, is told as a warning of the process.
 */
export class GuardedLogger implements Logger {
  readonly #logger: Logger;
  /** The logger that the user gave us: this one, or the one of which this one is a child. */
  readonly #given: Logger;

  constructor(logger: Logger, given = logger) {
    this.#logger = logger;
    this.#given = given;
  }

  debug(data: object, message: string): void {
    this.#log('debug', data, message);
  }

  info(data: object, message: string): void {
    this.#log('info', data, message);
  }

  warn(data: object, message: string): void {
    this.#log('warn', data, message);
  }

  error(data: object, message: string): void {
    this.#log('error', data, message);
  }

  child(bindings: Record<string, unknown>): Logger {
    try {
      const child = this.#logger.child?.(bindings);
      return child === undefined ? this : new GuardedLogger(child, this.#given);
    } catch (err) {
      this.#complain(err);
      return this;
    }
  }

  #log(level: Level, data: object, message: string): void {
    try {
      this.#logger[level](data, message);
    } catch (err) {
      this.#complain(err);
    }
  }

  #complain(err: unknown): void {
    if (failed.has(this.#given)) return;
    failed.add(this.#given);
    process.emitWarning(`the logger failed: ${String(err)}`, 'EtcdLeaderWarning');
  }
}

/** Puts the identity into a child logger once, so that no message needs to. */
export function childLogger(logger: Logger, bindings: Record<string, unknown>): Logger {
  return logger.child?.(bindings) ?? logger;
}
