import { visible } from '../output.js';
import { stringWidth } from './ink.js';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A text from etcd in so many columns of the terminal: control characters are shown, wide ones take two columns. */
export function cell(text: string, width: number): string {
  const cut = crop(visible(text), width);
  return cut + ' '.repeat(Math.max(0, width - stringWidth(cut)));
}

/** As many graphemes as there is room for. What is left out is shown by `…`. */
export function crop(text: string, width: number): string {
  if (width <= 0) return '';
  // Nearly all texts are short, and no text has more columns than this.
  if (text.length * 2 <= width || stringWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const columns = stringWidth(segment);
    if (used + columns > width - 1) break;
    kept += segment;
    used += columns;
  }
  return `${kept}…`;
}

/** The columns that a text takes when it is shown whole. */
export function columnsOf(text: string): number {
  return stringWidth(visible(text));
}

/** The end of a text in so many columns: names that begin alike differ there. */
export function tailCell(text: string, width: number): string {
  const whole = visible(text);
  if (stringWidth(whole) <= width) return cell(text, width);
  const kept: string[] = [];
  let used = 1;
  for (const { segment } of [...graphemes.segment(whole)].reverse()) {
    const columns = stringWidth(segment);
    if (used + columns > width) break;
    kept.unshift(segment);
    used += columns;
  }
  return `…${kept.join('')}${' '.repeat(Math.max(0, width - used))}`;
}

/** `3s`, `4m 05s`, `2h 03m`, `5d 01h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 48) return `${hours}h ${two(Math.floor((seconds % 3_600) / 60))}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}
