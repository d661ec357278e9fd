import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs an installed tool to its end, on our own terminal; true when it ends well. It gets the signals that we get. */
export function runTool(tool: string, args: readonly string[]): Promise<boolean> {
  const command = ['--enable-source-maps', join(root, 'node_modules', tool), ...args];
  const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      resolve(code === 0);
    });
  });
}
