import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readJournal, type SpecResults } from './journal.js';
import { type Ending, type Runtime, runTool } from './tool.js';

export interface StageOptions {
  readonly name: string;
  /** Gets the output while the step runs. What is held back has no terminal. */
  readonly onOutput: (text: string) => void;
  /** The folder of the run's logs. */
  readonly logs: string;
  /** The folder that processes write to while they run. */
  readonly scratch: string;
  readonly mochaArgs: readonly string[];
  /** The step was asked for by its name, and not as one of all. */
  readonly isAskedFor: boolean;
}

/** What one step has to work with, and what it leaves behind. */
export class Stage {
  readonly mochaArgs: readonly string[];
  readonly isAskedFor: boolean;
  /** Endings of every tool that the step ran. */
  readonly endings: Ending[] = [];
  #leftOut: string | undefined;
  readonly #options: StageOptions;
  readonly #folder: string;
  readonly #log: WriteStream;
  #output = '';

  constructor(options: StageOptions) {
    this.#options = options;
    this.mochaArgs = options.mochaArgs;
    this.isAskedFor = options.isAskedFor;
    this.#folder = join(options.scratch, options.name);
    mkdirSync(this.#folder, { recursive: true });
    this.#log = createWriteStream(join(options.logs, `${options.name}.log`));
    // A full disk must not end the run; the output is still on the terminal.
    this.#log.on('error', () => {});
  }

  /** A folder for what the step's processes write. It is kept when the step has failed. */
  get folder(): string {
    return this.#folder;
  }

  get specs(): SpecResults | undefined {
    return readJournal(this.#journal);
  }

  /** All printed output, without colours. */
  get output(): string {
    return this.#output;
  }

  /** Why there was nothing to run. */
  get leftOut(): string | undefined {
    return this.#leftOut;
  }

  leaveOut(reason: string): void {
    this.#leftOut = reason;
    this.say(`   left out: ${reason}`);
  }

  say(line: string): void {
    this.#print(`${line}\n`);
  }

  /** Runs an installed tool; true when it ends well. */
  tool(tool: string, ...args: readonly string[]): Promise<boolean> {
    return this.toolOn({}, tool, ...args);
  }

  /** As {@link tool}, on a runtime and in an environment of its own. */
  async toolOn(
    { runtime, env: surroundings = process.env }: { readonly runtime?: Runtime; readonly env?: NodeJS.ProcessEnv },
    tool: string,
    ...args: readonly string[]
  ): Promise<boolean> {
    const { name, logs } = this.#options;
    const env = {
      ...surroundings,
      ...(process.stdout.isTTY && { MOCHA_COLORS: '1' }),
      SPEC_JOURNAL: this.#journal,
      SPEC_SCRATCH: this.#folder,
      SPEC_LOGS: join(logs, name),
    };
    const onOutput = (text: string): void => this.#print(text);
    const ending = await runTool(tool, args, { env, onOutput, ...(runtime !== undefined && { runtime }) });
    this.endings.push(ending);
    return ending.code === 0;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#log.close(resolve));
  }

  get #journal(): string {
    return join(this.#options.scratch, `${this.#options.name}.specs`);
  }

  #print(text: string): void {
    this.#options.onOutput(text);
    const plain = stripVTControlCharacters(text);
    this.#output += plain;
    this.#log.write(plain);
  }
}
