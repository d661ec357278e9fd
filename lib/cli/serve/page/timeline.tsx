import { Canvas } from './canvas.js';
import { boxAt, layOut, type Segment, type TimeWindow } from './model/segments.js';
import { timeText } from './model/text.js';
import type { PageState } from './page-state.js';
import { paintTimeline } from './paint-timeline.js';
import { currentTheme } from './theme.js';

/** The window that ends now. While nothing is known any more, time goes on, and the end of the window is empty. */
export function currentWindow(state: PageState): TimeWindow {
  return { from: state.now - state.view.window.ms, until: state.now };
}

/** The same, with its name. */
export function labelledWindow(state: PageState): TimeWindow & { readonly label: string } {
  return { ...currentWindow(state), label: state.view.window.label };
}

export interface TimelineProps {
  readonly state: PageState;
  readonly segments: readonly Segment[];
  readonly width: number;
  readonly height: number;
  readonly marked: Segment | undefined;
  /** The pointer is over a segment, or has left. */
  readonly point: (segment: Segment | undefined, x: number, y: number) => void;
}

/** A drawn timeline. What it shows stands in the text of what is around it. */
export function Timeline({ state, segments, width, height, marked, point }: TimelineProps) {
  const window = currentWindow(state);
  const asOf = state.asOf ?? window.from;
  const boxes = layOut(segments, window, asOf, width);
  return (
    <span
      class="timeline"
      aria-hidden="true"
      onPointerMove={(event) => {
        const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
        point(boxAt(boxes, x)?.segment, event.clientX, event.clientY);
      }}
      onPointerLeave={() => point(undefined, 0, 0)}
    >
      <Canvas
        width={width}
        height={height}
        paint={(context, wide, high) => {
          const picture = { boxes, window, asOf, marked, colours: state.colours };
          paintTimeline(context, wide, high, picture, currentTheme());
        }}
      />
    </span>
  );
}

/** How many stretches each window is cut into by its marks of time. */
const MARKS = { 300000: 5, 3600000: 6, 86400000: 4 } as const;

/** The times above timelines, at round minutes and hours. */
export function TimeAxis({ state, width }: { readonly state: PageState; readonly width: number }) {
  const window = currentWindow(state);
  const { ms } = state.view.window;
  return (
    <Canvas
      class="axis"
      width={width}
      height={20}
      paint={(context, wide, high) => {
        const theme = currentTheme();
        context.font = `12px ${theme.font}`;
        context.textBaseline = 'middle';
        context.fillStyle = theme.muted;
        const step = ms / MARKS[ms];
        const offset = new Date(window.until).getTimezoneOffset() * 60_000;
        const first = Math.ceil((window.from - offset) / step) * step + offset;
        for (let time = first; time < window.until; time += step) {
          const x = ((time - window.from) / ms) * wide;
          context.fillRect(Math.round(x), high - 5, 1, 5);
          const text = timeText(time, time).slice(0, 5);
          if (x + 34 < wide - 34) context.fillText(text, x + 3, high / 2);
        }
        context.fillStyle = theme.text;
        context.textAlign = 'right';
        context.fillText('now', wide - 2, high / 2);
        context.textAlign = 'left';
      }}
    />
  );
}
