import { execFile } from 'node:child_process';

export interface CommandOutcome {
  readonly ok: boolean;
  /** Both streams, one after the other. */
  readonly output: string;
  readonly stdout: string;
}

export interface ToolRunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The user and the group that the command runs as. @default those of this process */
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds. @default 30000 */
  readonly within?: number;
}

/**
 * Runs a command to its end without input. A command that is missing, fails or takes too long is not `ok`. Nothing is
 * thrown.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: ToolRunOptions = {},
): Promise<CommandOutcome> {
  const { env = process.env, within = 30_000, ...more } = options;
  return new Promise((resolve) => {
    const settings = { ...more, env, timeout: within, maxBuffer: 1 << 24 };
    const child = execFile(command, args, settings, (err, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      resolve({ ok: err === null, output: output === '' && err !== null ? err.message : output, stdout });
    });
    child.stdin?.end();
  });
}
