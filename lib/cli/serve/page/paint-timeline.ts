import type { Codes } from './model/codes.js';
import { COLOURS } from './model/codes.js';
import type { Box, Segment, TimeWindow } from './model/segments.js';
import type { Theme } from './theme.js';

export interface TimelinePicture {
  readonly boxes: readonly Box[];
  readonly window: TimeWindow;
  /** Until when anything is known. */
  readonly asOf: number;
  /** The segment that is told about at the moment. */
  readonly marked: Segment | undefined;
  readonly colours: Codes;
}

type Canvas2d = CanvasRenderingContext2D;

const INSET = 3;

/** Draws one election's timeline: who led, when nobody led, and when nobody knows. */
export function paintTimeline(
  context: Canvas2d,
  width: number,
  height: number,
  picture: TimelinePicture,
  theme: Theme,
): void {
  const { boxes, window, asOf, marked, colours } = picture;
  context.fillStyle = theme.line;
  context.fillRect(0, Math.floor(height / 2), width, 1); // nothing is known
  for (const box of boxes) paintBox(context, box, height, colours, theme);
  const known = ((asOf - window.from) / (window.until - window.from)) * width;
  if (known < width - 1) hatch(context, Math.max(0, known), INSET, width - known, height - 2 * INSET, theme.muted);
  const focus = boxes.find(({ segment }) => segment === marked);
  if (focus === undefined) return;
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  context.strokeRect(focus.left + 1, 1, Math.max(2, focus.width - 2), height - 2);
}

function paintBox(context: Canvas2d, box: Box, height: number, colours: Codes, theme: Theme): void {
  const { left, width, segment } = box;
  const [top, high] = [INSET, height - 2 * INSET];
  if (segment.kind === 'gap') {
    context.fillStyle = theme.ground;
    context.fillRect(left, top, width, high);
    hatch(context, left, top, width, high, theme.gap);
    context.strokeStyle = theme.gap;
    context.lineWidth = 1.5;
    context.strokeRect(left + 0.75, top + 0.75, Math.max(1, width - 1.5), high - 1.5);
    label(context, box, height, 'nobody', theme.gapText, theme, theme.ground);
    return;
  }
  const { value } = segment.term;
  const fill = theme.fills[colours.of(value) % COLOURS] ?? theme.muted;
  if (segment.kind === 'untimed') {
    context.strokeStyle = fill;
    context.lineWidth = 1.5;
    context.setLineDash([3, 2]);
    context.strokeRect(left + 1, top + 1, width - 2, high - 2);
    context.setLineDash([]);
    return;
  }
  context.fillStyle = fill;
  context.fillRect(left, top, Math.max(1, width - 1), high); // neighbours of one colour stay apart
  if (segment.isOpenStart) notch(context, left, top, high, theme.ground);
  label(context, box, height, value, theme.fillText, theme);
  if (segment.term.ended === 'lease ended') leaseEnd(context, left + width - 1, height, theme);
}

/** The text, if there is room for it. */
function label(
  context: Canvas2d,
  { left, width }: Box,
  height: number,
  text: string,
  colour: string,
  theme: Theme,
  ground?: string,
): void {
  if (width < 28) return;
  const size = Math.min(13, height - 2 * INSET - 6);
  context.font = `${size}px ${theme.font}`;
  context.textBaseline = 'middle';
  const room = Math.floor((width - 12) / (size * 0.55));
  const shown = text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
  const measured = context.measureText(shown).width;
  if (measured > width - 10) return;
  if (ground !== undefined) {
    context.fillStyle = ground;
    context.fillRect(left + 4, height / 2 - size / 2 - 1, measured + 6, size + 2);
  }
  context.fillStyle = colour;
  context.fillText(shown, left + 7, height / 2 + 1);
}

/** Diagonal lines: not colour alone says that nobody led. */
function hatch(context: Canvas2d, left: number, top: number, width: number, height: number, colour: string): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.beginPath();
  for (let x = left - height; x < left + width; x += 6) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.stroke();
  context.restore();
}

/** A torn edge: the term began here or before. */
function notch(context: Canvas2d, left: number, top: number, height: number, ground: string): void {
  context.fillStyle = ground;
  for (let y = top; y < top + height; y += 6) {
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(left + 4, y + 3);
    context.lineTo(left, y + 6);
    context.fill();
  }
}

/** A red wedge: the term ended with its lease, because its holder did not let go. */
function leaseEnd(context: Canvas2d, x: number, height: number, theme: Theme): void {
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 7);
  context.closePath();
  context.fillStyle = theme.gap;
  context.strokeStyle = theme.ground;
  context.lineWidth = 1;
  context.fill();
  context.stroke();
  context.fillRect(x - 1, 5, 2, height - 8);
}
