import { Box, createElement, type ReactElement, render, Text, useEffect, useInput, useReducer } from './ink.js';
import { pressOf } from './keys.js';
import { type Look, linesOf, pageSizeOf, type Scene, type ScreenLine, type Size } from './layout.js';
import { FIRST, press, type ScreenState } from './screen-state.js';

/** Milliseconds between two looks at the time: ages grow by themselves. */
const SECOND = 1_000;

/** What a terminal of no size is taken for: a terminal that does not know its size says 0. */
const USUAL: Size = { columns: 80, rows: 24 };

const ESC = '\u001b[';
/** The other screen, so that what the terminal has shown is there afterwards; no line goes on in the next one. */
const BEGIN = `${ESC}?1049h${ESC}?7l${ESC}H`;
const CLEAR = `${ESC}H${ESC}2J`;
/** Clears what the terminal remembers of the time before: nobody has asked for that. */
const FORGET = `${ESC}3J`;
const END = `${ESC}?7h${ESC}?1049l${ESC}?25h`;

/** Signals that end the program; the terminal is given back before. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

export interface SceneSource {
  scene(): Scene;
  /** Calls `listener` when the scene has changed. */
  onChange(listener: () => void): void;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/**
 * Shows the scene on the terminal until the user ends it. Resolves with the signal that has ended it, if one has.
 * Whatever happens, the terminal is as it was: its screen, its cursor, its keys.
 */
export async function showScreen(
  source: SceneSource,
  { stdin, stdout }: Terminal,
): Promise<NodeJS.Signals | undefined> {
  let ended: NodeJS.Signals | undefined;
  const giveBack = (): void => {
    stdout.write(END); // a terminal is written to at once, also while the process exits
  };
  process.once('exit', giveBack);
  stdout.write(BEGIN);
  // The terminal may have wrapped or moved what was there. Ink hears of the new size after us, and draws all again.
  const clear = (): void => {
    stdout.write(CLEAR);
  };
  stdout.on('resize', clear);
  const interrupted = (): void => end('SIGINT');
  const props = { source, size: () => sizeOf(stdout), stdout, interrupted };
  const options = { stdin, stdout: sized(stdout), exitOnCtrlC: false, patchConsole: false, maxFps: 20 };
  const app = render(createElement(Top, { ...props, done: () => app.unmount() }), options);
  const end = (signal: NodeJS.Signals): void => {
    ended = signal;
    app.unmount();
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    await app.waitUntilExit();
  } finally {
    app.unmount();
    for (const signal of SIGNALS) process.off(signal, end);
    stdout.off('resize', clear);
    process.off('exit', giveBack);
    giveBack();
  }
  return ended;
}

/** The terminal as Ink sees it: it has a size, and forgets nothing. */
function sized(stdout: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(stdout, {
    get: (target, name) => {
      if (name === 'rows' || name === 'columns') return sizeOf(target)[name];
      if (name === 'write')
        return (text: string, ...rest: never[]) => target.write(text.replaceAll(FORGET, ''), ...rest);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): Size {
  return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
}

interface TopProps {
  readonly source: SceneSource;
  readonly size: () => Size;
  readonly stdout: NodeJS.WriteStream;
  done(): void;
  interrupted(): void;
}

/** The whole screen as Ink draws it. */
function Top({ source, size, stdout, done, interrupted }: TopProps): ReactElement {
  const [state, change] = useReducer(
    (before: ScreenState, next: (state: ScreenState) => ScreenState) => next(before),
    FIRST,
  );
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    source.onChange(redraw);
    const timer = setInterval(redraw, SECOND);
    stdout.on('resize', redraw);
    return () => {
      clearInterval(timer);
      stdout.off('resize', redraw);
    };
  }, [source, stdout]);
  useEffect(() => {
    if (state.isDone) done();
  }, [state, done]);
  useInput((input, key) => {
    const pressed = pressOf(input, key);
    if (pressed === 'interrupt') interrupted();
    else if (pressed !== undefined) {
      const { picture, now } = source.scene();
      change((before) => press(before, pressed, { picture, now, page: pageSizeOf(room(size())) }));
    }
  });
  const lines = linesOf(state, source.scene(), room(size()));
  return createElement(Box, { flexDirection: 'column' }, ...lines.map((line, at) => drawn(line, at)));
}

/** Ink writes a line end after the last line, and clears all that the terminal remembers when that is too much. */
function room({ columns, rows }: Size): Size {
  return { columns, rows: Math.max(1, rows - 1) };
}

const LOOKS: Readonly<Record<Look, object>> = {
  title: { bold: true },
  head: { bold: true, dimColor: true },
  chosen: { inverse: true },
  bad: { color: 'red' },
  dim: { dimColor: true },
  plain: {},
};

function drawn({ text, look }: ScreenLine, key: number): ReactElement {
  return createElement(Text, { key, wrap: 'truncate-end', ...LOOKS[look] }, text === '' ? ' ' : text);
}
