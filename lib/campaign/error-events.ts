import { duration, Reminders } from '../common/reminders.js';
import type { Clock } from '../common/time.js';
import { ElectionError, type ElectionErrorCode } from '../errors.js';

/**
 * Codes of errors that are told each time, because each of them happens once. What fails with another code is tried
 * again, and fails again for as long as its cause lasts.
 */
const ONCE: ReadonlySet<ElectionErrorCode> = new Set([
  'INVALID_OPTION',
  'STOPPED',
  'RELEASE_TIMEOUT',
  'TASK_FAILED',
  'BLOCKED',
]);

/** Whose `error` events they are: a candidate's or a pool's. */
interface Emitter {
  emit(event: 'error', error: ElectionError): void;
}

/**
 * The `error` events of one election or pool. While etcd does not answer, a request fails every second: that is told
 * when it begins, and then at growing intervals. An error of another kind is told at once.
 */
export class ErrorEvents {
  readonly #events: Emitter;
  readonly #clock: Clock;
  readonly #reminders = new Reminders();

  constructor(events: Emitter, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  tell(error: ElectionError): void {
    if (ONCE.has(error.code)) return this.#events.emit('error', error);
    // A refusal by etcd and its silence are two kinds, though they have one code.
    const lasts = this.#reminders.due(`${error.code} ${error.constructor.name}`, this.#clock.now());
    if (lasts !== undefined) this.#events.emit('error', lasts === 0 ? error : lasting(error, lasts));
  }
}

function lasting(error: ElectionError, ms: number): ElectionError {
  return new ElectionError(error.code, `${error.message} (for ${duration(ms)} now)`, { cause: error.cause });
}
