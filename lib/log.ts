import { pino } from 'pino';

/**
 * Anything shaped like pino: the message is constant, the data is in the object. `child` is used when it is there.
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

/** Identity goes into the child, once. */
export function childLogger(logger: Logger, bindings: Record<string, unknown>): Logger {
  return logger.child?.(bindings) ?? logger;
}
