import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The folder of the logs of servers with their data in `folder`. A test run keeps it for longer than they live. */
export function logFolder(folder: string): string {
  const { SPEC_SCRATCH: scratch } = process.env;
  if (scratch === undefined) return folder;
  const logs = join(scratch, basename(folder));
  mkdirSync(logs, { recursive: true });
  return logs;
}
