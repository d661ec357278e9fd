const COLOURS = process.stdout.isTTY && !process.env.NO_COLOR;
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
  console.log(`\n${paint('bold', text)}\n`);
}

/** Prints a line with the seconds that have passed. */
export function say(text: string): void {
  const seconds = ((performance.now() - start) / 1_000).toFixed(1).padStart(5);
  console.log(`${paint('dim', `${seconds} s`)}  ${text}`);
}

/** Prints a remark on the line before. */
export function remark(text: string): void {
  console.log(`         ${paint('dim', text)}`);
}
