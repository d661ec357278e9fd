import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newLogs } from '../../scripts/test/run-logs.js';
import { createFolder } from '../support/cluster/orphans.js';

/**
 * The folder that the processes of a run write to. Unless somebody has named a folder, it lies in memory, if there is
 * enough, because a candidate must not be late when a disk is.
 */
export function workFolder(named: string | undefined): string {
  const { SPEC_SCRATCH: scratch } = process.env;
  const folder = named ?? (scratch === undefined ? createFolder('chaos') : join(scratch, 'processes'));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Keeps the logs of a run that has failed.
 *
 * @returns the folder of the logs. In a step of `npm test` they are moved there when the step has ended.
 */
export function keepLogs(folder: string): string {
  const { SPEC_LOGS: logs } = process.env;
  if (logs !== undefined) return join(logs, 'processes');
  const kept = newLogs('chaos');
  cpSync(folder, kept, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  return kept;
}
