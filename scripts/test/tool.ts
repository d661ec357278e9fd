import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** Milliseconds of silence after which a tool is taken to hang, because no spec may take as long. */
const SILENCE = 6 * 60_000;
/** Milliseconds from SIGTERM to SIGKILL. */
const ENDS_WITHIN = 10_000;
/** Milliseconds to wait, after a tool's end, for processes that it left behind and that hold its output open. */
const CLOSES_WITHIN = 3_000;

/** What runs a tool: a program, and the arguments before the tool's name. */
export interface Runtime {
  readonly program: string;
  readonly args: readonly string[];
}

export const THIS_NODE: Runtime = { program: process.execPath, args: ['--enable-source-maps'] };

export interface ToolOptions {
  /** Gets all that the tool prints. */
  readonly onOutput: (text: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds. @default 360000 */
  readonly silence?: number;
  /** @default the Node.js of this process */
  readonly runtime?: Runtime;
}

/** How a tool ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds for which the tool was silent before it was ended. */
  readonly hungFor?: number;
}

/** Runs an installed tool to its end. The tool gets the signals that we get. A tool that falls silent is ended. */
export async function runTool(tool: string, args: readonly string[], options: ToolOptions): Promise<Ending> {
  const { onOutput, env = process.env, silence = SILENCE, runtime = THIS_NODE } = options;
  const command = [...runtime.args, join(root, 'node_modules', tool), ...args];
  const child = spawn(runtime.program, command, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const watch = new SilenceWatch(child, silence);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      watch.heard();
      onOutput(text);
    });
  }
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  try {
    const { code, signal } = await ended(child);
    return watch.hung ? { code, signal, hungFor: silence } : { code, signal };
  } finally {
    watch.close();
    process.off('SIGINT', pass).off('SIGTERM', pass);
  }
}

/** Ends a process that has been silent for too long. */
class SilenceWatch {
  hung = false;
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  #killer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, silence: number) {
    this.#child = child;
    this.#timer = setTimeout(() => this.#end(), silence);
  }

  heard(): void {
    if (!this.hung) this.#timer.refresh();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#killer);
  }

  #end(): void {
    this.hung = true;
    this.#child.kill('SIGTERM');
    this.#killer = setTimeout(() => this.#child.kill('SIGKILL'), ENDS_WITHIN);
  }
}

/**
 * Resolves when all output has come in, but does not wait for what holds the output open after the process has ended.
 */
function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let letGo: NodeJS.Timeout | undefined;
    child.on('error', reject);
    child.on('exit', () => {
      letGo = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, CLOSES_WITHIN);
    });
    child.on('close', (code, signal) => {
      clearTimeout(letGo);
      resolve({ code, signal });
    });
  });
}
