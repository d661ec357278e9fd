import { isThenable } from './common/deferred.js';
import { ElectionError } from './errors.js';

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

/** Loggers whose failure has been told. */
const failed = new WeakSet<Logger>();

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * A logger, kept from disturbing an election: pino throws when its transport has ended, and a logger of the user's may
 * return a promise that rejects. The first failure, be it of a child logger, is told as a warning of the process.
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
      const result: unknown = this.#logger[level](withoutEcho(data), message);
      if (isThenable(result)) result.then(undefined, (err: unknown) => this.#complain(err));
    } catch (err) {
      this.#complain(err);
    }
  }

  #complain(err: unknown): void {
    if (failed.has(this.#given)) return;
    failed.add(this.#given);
    const how = { type: 'EtcdLeaderWarning', code: 'ETCD_LEADER_LOGGER_FAILED' };
    process.emitWarning(`the logger failed: ${String(err)}`, how);
  }
}

function withoutEcho(data: { readonly err?: unknown }): object {
  return data.err instanceof ElectionError ? { ...data, err: told(data.err) } : data;
}

/**
 * The error as it is logged. pino appends the message of the cause, and what etcd or gRPC said stands in our message
 * already. The rest is inherited: the log has the same code, message and stack.
 */
function told(error: ElectionError): ElectionError {
  const { cause } = error;
  if (cause === undefined || error.code === 'ABORTED') return error;
  const shown = cause instanceof ElectionError ? told(cause) : undefined;
  return shown === cause ? error : Object.create(error, { cause: { value: shown } });
}

/** Puts the identity into a child logger once, so that no message needs to. */
export function childLogger(logger: Logger, bindings: Record<string, unknown>): Logger {
  return logger.child?.(bindings) ?? logger;
}
