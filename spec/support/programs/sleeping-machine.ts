/**
 * Loaded before a program, so that its machine seems to wake up after an hour of sleep as soon as the file exists that
 * `WOKEN_BY` names: the wall clock has gone on, and the monotonic clock has not.
 */
import { existsSync } from 'node:fs';

const { now } = Date;
const file = process.env['WOKEN_BY'] ?? '';
let slept = 0;

Date.now = () => {
  if (slept === 0 && existsSync(file)) slept = 3_600_000;
  return now() + slept;
};
