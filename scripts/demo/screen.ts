const COLOURS = process.stdout.isTTY && !process.env.NO_COLOR;
const IS_LIVE = process.stdout.isTTY && process.env.TERM !== 'dumb';
const start = performance.now();

type Style = 'bold' | 'dim' | 'green' | 'red';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
};

/** Returns `text` in a style, where the terminal shows styles. */
export function paint(style: Style, text: string): string {
  const [on, off] = CODES[style];
  return COLOURS ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

export function title(text: string): void {
  print(`\n${paint('bold', text)}\n`);
}

/** Prints a line with the seconds that have passed. */
export function say(text: string): void {
  const seconds = ((performance.now() - start) / 1_000).toFixed(1).padStart(5);
  print(`${paint('dim', `${seconds} s`)}  ${text}`);
}

/** Prints a remark on the line before. */
export function remark(text: string): void {
  print(`         ${paint('dim', text)}`);
}

/** Lines that are kept below all others. */
export interface Live {
  redraw(): void;
  /** Leaves them where they are. */
  end(): void;
}

let below: (() => readonly string[]) | undefined;
/** How many lines are drawn below now. */
let drawn = 0;

/** Draws these lines below all others until the end; returns undefined where a line cannot be drawn again. */
export function keepBelow(lines: () => readonly string[]): Live | undefined {
  if (!IS_LIVE) return undefined;
  below = lines;
  return {
    redraw: () => write(''),
    end: () => {
      write('');
      below = undefined;
      drawn = 0;
    },
  };
}

function print(line: string): void {
  write(`${line}\n`);
}

/** In one piece, so that nothing flickers. */
function write(text: string): void {
  const erase = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
  const lines = below?.() ?? [];
  drawn = lines.length;
  process.stdout.write(`${erase}${text}${lines.map((line) => `${line}\n`).join('')}`);
}
