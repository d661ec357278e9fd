import { COLOURS } from './model/codes.js';

/** The colours of style.css that canvases need. */
export interface Theme {
  readonly ground: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly gap: string;
  readonly gapText: string;
  /** Fills of leaders and workers; text on them is `fillText`. */
  readonly fills: readonly string[];
  readonly fillText: string;
  readonly font: string;
}

let theme: Theme | undefined;

export function currentTheme(): Theme {
  theme ??= read();
  return theme;
}

/** Calls back when the system changes between dark and light. */
export function onThemeChange(changed: () => void): void {
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)']) {
    matchMedia(query).addEventListener('change', () => {
      theme = undefined;
      changed();
    });
  }
}

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: value('ground'),
    text: value('text'),
    muted: value('muted'),
    line: value('line'),
    gap: value('gap'),
    gapText: value('gap-text'),
    fills: Array.from({ length: COLOURS }, (_, at) => value(`fill-${at}`)),
    fillText: value('fill-text'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Whether things may move. */
export function isMotionWanted(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
