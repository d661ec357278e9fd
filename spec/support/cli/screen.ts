import { execFileSync } from 'node:child_process';
import headless from '@xterm/headless';
import { SOON, until } from '../wait.js';
import { CliProgram, commandLine, type ProgramOptions } from './program.js';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** `etcd-leader <args>` on a terminal of some size, and what the terminal shows. */
export class Screen {
  readonly program: CliProgram;
  readonly #terminal: headless.Terminal;
  #written = 0;

  private constructor(program: CliProgram, { columns, rows }: ScreenSize) {
    this.program = program;
    // A terminal that does not know its size shows something all the same.
    this.#terminal = new headless.Terminal({ cols: columns || 80, rows: rows || 24, allowProposedApi: true });
  }

  static start(args: readonly string[], size: ScreenSize, options: ProgramOptions = {}): Screen {
    return Screen.of(commandLine(args), size, options);
  }

  /** Any command. What it says after its end is shown too. */
  static of(command: string, size: ScreenSize, options: ProgramOptions = {}): Screen {
    const script = `echo "tty: $(tty)"; stty rows ${size.rows} cols ${size.columns}; ${command}; echo "ended: $?"`;
    const env = { TERM: 'xterm-256color', ...options.env };
    return new Screen(CliProgram.terminal(`sh -c ${quoted(script)}`, { ...options, env }), size);
  }

  /** What is shown now, without the blanks at the ends of lines. */
  async lines(): Promise<string[]> {
    const { raw } = this.program.stdout;
    const news = raw.slice(this.#written);
    this.#written = raw.length;
    await new Promise<void>((done) => this.#terminal.write(news, done));
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, at) => {
      return (
        active
          .getLine(active.viewportY + at)
          ?.translateToString(true)
          .trimEnd() ?? ''
      );
    });
  }

  /** Whether the screen beside the usual one is shown. */
  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** Lines that have scrolled out of the usual screen. */
  get remembered(): number {
    return this.#terminal.buffer.normal.baseY;
  }

  /** Whether lines that are too long go on in the next line, as they do on a fresh terminal. */
  get wraps(): boolean {
    return this.#terminal.modes.wraparoundMode;
  }

  /** Resolves with the lines as soon as one matches. */
  async shows(pattern: RegExp, within = SOON): Promise<string[]> {
    let last: string[] = [];
    try {
      return await until(
        async () => {
          last = await this.lines();
          return last.some((line) => pattern.test(line)) ? last : undefined;
        },
        { within, what: `a line like ${pattern}` },
      );
    } catch (err) {
      throw new Error(`${(err as Error).message}; the terminal shows\n${last.join('\n')}`);
    }
  }

  type(text: string): void {
    this.program.type(text);
  }

  /** As the window's owner does. */
  async resize({ columns, rows }: ScreenSize): Promise<void> {
    const tty = /tty: (\S+)/.exec(this.program.stdout.raw)?.[1] ?? '';
    await this.lines();
    this.#terminal.resize(columns, rows);
    execFileSync('stty', ['-F', tty, 'rows', `${rows}`, 'cols', `${columns}`]);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
