import type { Case } from './case.js';
import { crash } from './cases/crash.js';
import { crowd } from './cases/crowd.js';
import { fleet } from './cases/fleet.js';
import { afterQueueing, handover } from './cases/handover.js';
import { pool } from './cases/pool.js';
import { processes } from './cases/processes.js';
import { start } from './cases/start.js';
import { takeover } from './cases/takeover.js';
import { viewers } from './cases/viewers.js';

export const CASES: readonly Case[] = [
  handover,
  afterQueueing,
  crash,
  start,
  crowd,
  fleet,
  takeover,
  pool,
  processes,
  viewers,
];

/** @throws Error that names the cases there are */
export function chosen(names: readonly string[]): readonly Case[] {
  const unknown = names.filter((name) => !CASES.some((c) => c.name === name));
  if (unknown.length > 0) {
    const known = CASES.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n');
    throw new Error(`no such case: ${unknown.join(', ')}. The cases are\n${known}`);
  }
  return names.length === 0
    ? CASES.filter(({ isSpecial }) => isSpecial !== true)
    : CASES.filter(({ name }) => names.includes(name));
}
