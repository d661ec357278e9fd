import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import ts from 'typescript';
import { CliProgram } from '../cli/program.js';
import { freePorts } from '../cluster/ports.js';
import type { Snippet } from '../docs/snippets.js';
import { project, writeInto } from '../package/project.js';
import { scratch } from '../package/tarball.js';

const PRELOAD = new URL('../programs/reader.js', import.meta.url).href;
/** What the pages name. */
const ETCD = 2379;
const METRICS = 9464;

/**
 * Somebody who has installed the package into a project and does what the pages say. All that he starts ends with the
 * spec.
 */
export class PageReader {
  readonly #folder: string;
  readonly #bin: string;
  readonly #tools: string;
  readonly #hosts: readonly string[];
  readonly #metrics: number;
  #files = 0;

  private constructor(folder: string, bin: string, tools: string, hosts: readonly string[], metrics: number) {
    this.#folder = folder;
    this.#bin = bin;
    this.#tools = tools;
    this.#hosts = hosts;
    this.#metrics = metrics;
  }

  /** `hosts`: the etcd that the pages have at 127.0.0.1:2379. */
  static async at(hosts: readonly string[]): Promise<PageReader> {
    const { folder, bin } = await project();
    const [metrics = 0] = await freePorts(1);
    return new PageReader(folder, bin, ownPkill(), hosts, metrics);
  }

  /** Where the metrics of the snippets are, which have them on port 9464. */
  get metricsUrl(): string {
    return `http://127.0.0.1:${this.#metrics}/metrics`;
  }

  /** Saves a snippet, or several as one program, and starts it. A program that has no types is saved as it stands. */
  start(...snippets: readonly Pick<Snippet, 'code' | 'imports'>[]): CliProgram {
    const text = snippets.map(({ code, imports = '' }) => `${imports}${code}`).join('\n');
    this.#files++;
    const file = `service-${this.#files}.mjs`;
    writeInto(this.#folder, file, hasTypes(text) ? withoutTypes(text) : text);
    const etcd = new URL(this.#hosts[0] ?? '').port;
    const env = { READER_PORTS: `${ETCD}:${etcd},${METRICS}:${this.#metrics}` };
    return CliProgram.spawn(process.execPath, ['--import', PRELOAD, file], { cwd: this.#folder, env });
  }

  /** Types a command into a terminal of its own. */
  type(command: string): CliProgram {
    const PATH = [this.#tools, this.#bin, process.env['PATH']].join(delimiter);
    // With `exec` the command is a child of this process, which is how `pkill` finds it.
    return CliProgram.spawn('sh', ['-c', `exec ${command}`], { cwd: this.#folder, hosts: this.#hosts, env: { PATH } });
  }
}

/** A folder with a `pkill` that sees nothing but the children of this process, whatever pattern it is given. */
function ownPkill(): string {
  const folder = scratch('tools');
  const real = execFileSync('sh', ['-c', 'command -v pkill'], { encoding: 'utf8' }).trim();
  writeInto(folder, 'pkill', `#!/bin/sh\nexec ${real} -P ${process.pid} "$@"\n`);
  chmodSync(join(folder, 'pkill'), 0o755);
  return folder;
}

function hasTypes(text: string): boolean {
  const { diagnostics } = ts.transpileModule(text, { fileName: 'service.js', reportDiagnostics: true });
  return diagnostics?.length !== 0;
}

function withoutTypes(text: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { fileName: 'service.ts', compilerOptions }).outputText;
}
