import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CliError, EXIT } from '../exit.js';

/**
 * Looks for the command as `exec` will. Called at the start, because a host that learns only at failover that it cannot
 * run the command is no stand-by.
 *
 * @throws CliError 126 or 127, as `env` would exit
 */
export function checkCommand(file: string, env: NodeJS.ProcessEnv): void {
  const folders = (env['PATH'] ?? '/usr/bin:/bin').split(delimiter);
  const places = file.includes('/') ? [file] : folders.map((folder) => join(folder === '' ? '.' : folder, file));
  const found = places.filter((place) => statSync(place, { throwIfNoEntry: false })?.isFile());
  if (found.some(isExecutable)) return;
  if (found.length > 0) throw new CliError(EXIT.notExecutable, `cannot run ${file}: permission denied`);
  if (file.includes('/') && statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(EXIT.notExecutable, `cannot run ${file}: it is a directory`);
  }
  throw new CliError(EXIT.notFound, `cannot run ${file}: no such file or directory`);
}

/** Whether this process may run the file; a folder that may be entered counts, too. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
