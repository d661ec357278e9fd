import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchReport } from '../report.js';
import { growth } from './growth.js';
import { timeline } from './timeline.js';

const FOLDER = fileURLToPath(new URL('../../../docs/img', import.meta.url));

/** Writes the pictures for which the report has what they show; returns their files. */
export function draw(report: BenchReport): string[] {
  mkdirSync(FOLDER, { recursive: true });
  return Object.entries({ 'failover.svg': timeline(report), 'growth.svg': growth(report) }).flatMap(
    ([name, picture]) => {
      if (picture === undefined) return [];
      const file = join(FOLDER, name);
      writeFileSync(file, picture);
      return [file];
    },
  );
}
