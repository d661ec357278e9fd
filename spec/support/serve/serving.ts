import { CliProgram, type ProgramOptions } from '../cli/program.js';

/** `etcd-leader serve` in a process of its own. */
export interface Serving {
  readonly program: CliProgram;
  readonly url: string;
  readonly port: number;
}

/** Resolves when it listens, on a free port of loopback unless `args` say otherwise. */
export async function serving(args: readonly string[], options: ProgramOptions): Promise<Serving> {
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const program = CliProgram.start(['serve', ...args, ...listen], options);
  const line = await program.stdout.line(/^listening on http:/);
  const url = line.replace('listening on ', '');
  return { program, url, port: Number(new URL(url).port) };
}
