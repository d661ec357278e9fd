import type { Plan } from './plan.js';

/** A plan as a regression spec writes it down: one line for each process and each step. */
export function writePlan({ seed, etcd, processes, steps, farewell }: Plan): string {
  const list = (items: readonly unknown[]): string => items.map((item) => `    ${write(item)},\n`).join('');
  return [
    '{',
    `  seed: ${seed},`,
    `  etcd: ${write(etcd)},`,
    `  processes: [\n${list(processes)}  ],`,
    `  steps: [\n${list(steps)}  ],`,
    `  farewell: ${write(farewell)},`,
    '}',
  ].join('\n');
}

function write(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${write(item)}`)
    .join(', ')} }`;
}
