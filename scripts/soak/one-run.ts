import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestReport } from '../test/report.js';
import { root } from '../test/tool.js';
import type { RunResult } from './lines.js';

/** Runs everything, or one suite, as `npm test` does. The output is only in the logs of the run. */
export async function runOnce(suite: string | undefined): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-soak-'));
  const file = join(folder, 'report.json');
  const args = ['--enable-source-maps', join(root, 'dist/scripts/test.js'), ...(suite === undefined ? [] : [suite])];
  const startedAt = performance.now();
  try {
    const env = { ...process.env, TEST_REPORT: file };
    // In a group of its own, because Ctrl-C in the terminal must reach it once, through this process.
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'ignore', detached: true });
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    const how = await new Promise<string | number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(signal ?? code ?? 'nothing'));
    });
    process.off('SIGINT', pass).off('SIGTERM', pass);
    const report: TestReport = existsSync(file)
      ? JSON.parse(readFileSync(file, 'utf8'))
      : { failures: [`it ended with ${how} before its end`], leftOut: [], logs: 'logs' };
    return { passed: how === 0, took: performance.now() - startedAt, ...report };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
