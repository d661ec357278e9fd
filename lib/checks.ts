import { ElectionError } from './errors.js';

/** Milliseconds that a timer of Node's can wait at the most. */
export const MAX_TIMEOUT = 2 ** 31 - 1;
/** Bytes: etcd refuses requests over 1.5 MiB by default, and batches need room too. */
const MAX_VALUE = 1024 * 1024;
/** The highest priority, and the lowest below 0. */
const HIGHEST_PRIORITY = 1_000;

/** @throws ElectionError `INVALID_OPTION` when `condition` is false. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ElectionError('INVALID_OPTION', message);
}

/** A value as a message shows it: short, and with quotes if it is a string. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value);
  return Array.isArray(value) ? 'an array' : `an object (${value.constructor?.name ?? 'no prototype'})`;
}

export function checkObject(options: unknown): asserts options is object {
  const plain = typeof options === 'object' && options !== null && !Array.isArray(options);
  check(plain, `\`options\` must be an object; got ${show(options)}`);
}

/** Without this check, a misspelt option would silently mean its default. */
export function checkNames(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw new ElectionError('INVALID_OPTION', `\`${unknown}\` is not an option; the options are ${names}`);
}

/** @throws ElectionError `INVALID_OPTION` */
export function checkName(name: unknown): asserts name is string {
  check(typeof name === 'string' && name !== '', `\`name\` must be a string that is not empty; got ${show(name)}`);
  // Keys such as `jobs/mail!period` are control keys of an election, and no candidates.
  check(!name.includes('!'), `\`name\` must not contain "!"; got ${show(name)}`);
}

/** @throws ElectionError `INVALID_OPTION` */
export function checkClient(etcd: unknown, what: string): void {
  const shaped =
    typeof etcd === 'object' && etcd !== null && ['kv', 'leaseClient', 'watchClient', 'close'].every((n) => n in etcd);
  check(shaped, `\`etcd\` must be ${what}; got ${show(etcd)}`);
}

/** Checks the options of a method that takes only those in `names`. @throws ElectionError `INVALID_OPTION` */
export function checkCallOptions(
  options: { readonly signal?: unknown; readonly requeue?: unknown; readonly wait?: unknown; readonly to?: unknown },
  names: readonly string[],
): void {
  checkObject(options);
  checkNames(options, names);
  const { signal, requeue, wait } = options;
  check(
    wait === undefined || (typeof wait === 'number' && wait >= 0 && wait <= MAX_TIMEOUT),
    `\`wait\` must be a number of milliseconds from 0 to ${MAX_TIMEOUT}; got ${show(wait)}`,
  );
  check(
    requeue === undefined || typeof requeue === 'boolean',
    `\`requeue\` must be true or false; got ${show(requeue)}`,
  );
  check(
    signal === undefined || signal instanceof AbortSignal,
    `\`signal\` must be an AbortSignal; got ${show(signal)}`,
  );
}

/** @throws ElectionError `INVALID_OPTION` */
export function checkError(error: unknown): asserts error is ElectionError {
  check(error instanceof ElectionError, `\`error\` must be an ElectionError; got ${show(error)}`);
}

/** @throws ElectionError `INVALID_OPTION` */
export function checkPriority(priority: unknown): asserts priority is number {
  check(
    typeof priority === 'number' && Number.isInteger(priority) && Math.abs(priority) <= HIGHEST_PRIORITY,
    `\`priority\` must be a whole number from -${HIGHEST_PRIORITY} to ${HIGHEST_PRIORITY}; got ${show(priority)}`,
  );
}

/** @throws ElectionError `INVALID_OPTION` */
export function resolveValue(value: unknown): Buffer {
  check(
    typeof value === 'string' || value instanceof Uint8Array,
    `\`value\` must be a string or a Buffer; got ${show(value)}`,
  );
  const bytes = Buffer.from(value as string);
  check(bytes.length <= MAX_VALUE, `\`value\` must be ${MAX_VALUE} bytes or less; got ${bytes.length}`);
  return bytes;
}
