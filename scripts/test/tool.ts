import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs an installed tool to its end, on our own terminal; true when it ends well. It gets the signals that we get. */
export async function runTool(tool: string, args: readonly string[]): Promise<boolean> {
  return await ended(start(tool, args, 'inherit'));
}

/** The same, beside something else that has the terminal: what it prints is returned. */
export async function holdTool(tool: string, args: readonly string[]): Promise<{ passed: boolean; output: string }> {
  const child = start(tool, args, 'pipe');
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const passed = await ended(child);
  return { passed, output: Buffer.concat(chunks).toString() };
}

function start(tool: string, args: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
  const command = ['--enable-source-maps', join(root, 'node_modules', tool), ...args];
  return spawn(process.execPath, command, { cwd: root, stdio: ['inherit', output, output] });
}

function ended(child: ChildProcess): Promise<boolean> {
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
