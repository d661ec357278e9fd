import { CliError, EXIT } from './exit.js';

/** Milliseconds of each unit. */
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The number of seconds that a flag was given. Its limits are checked elsewhere. @throws CliError */
export function secondsOf(flag: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) {
    throw new CliError(EXIT.usage, `${flag} takes a number of seconds, without a unit; got ${text || 'nothing'}`);
  }
  return Number(text);
}

/** The whole number that a flag was given. Its limits are checked elsewhere. @throws CliError */
export function wholeNumberOf(flag: string, text: string): number {
  if (!/^-?\d+$/.test(text)) {
    throw new CliError(EXIT.usage, `${flag} takes a whole number; got ${text || 'nothing'}`);
  }
  return Number(text);
}

/** The milliseconds of a time with its unit, such as `90s`, `15m`, `6h` or `1d`. @throws CliError */
export function millisecondsOf(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit as keyof typeof UNITS] ?? 0);
  const got = text || 'nothing';
  if (ms < 1_000 || !Number.isSafeInteger(ms)) {
    throw new CliError(EXIT.usage, `${flag} takes a time of one second or more, such as 90s, 15m, 6h, 1d; got ${got}`);
  }
  return ms;
}
