import { useRef, useState } from 'preact/hooks';
import type { PartitionJson, PoolJson } from '../../../view/json.js';
import { Canvas } from './canvas.js';
import { announce } from './live-region.js';
import { memo } from './memo.js';
import { COLOURS, type Codes, letters } from './model/codes.js';
import { count, countUnowned, ownerText } from './model/text.js';
import type { Theme } from './theme.js';
import { Tip, type TipContent } from './tip.js';
import { useSize } from './windowed.js';

const SPACE = 2;
const LARGEST = 44;
const SMALLEST = 12;
/** What stands above and below the map, in pixels. */
const AROUND = 170;

export interface PartitionMapProps {
  readonly theme: Theme;
  readonly windowHeight: number;
  readonly pool: PoolJson;
  readonly codes: Codes;
  /** Only this worker's partitions are in colour. */
  readonly chosen: string | undefined;
}

/**
 * The partitions as a map: one square each, in the colour and with the letter of its worker. It shows no time, so it is
 * drawn for changes only.
 */
export const PartitionMap = memo(({ theme, windowHeight, pool, codes, chosen }: PartitionMapProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const [at, setAt] = useState<number | undefined>(undefined);
  const [place, setPlace] = useState({ x: 0, y: 0 });
  const { partitions } = pool;
  const grid = gridOf(partitions.length, width, windowHeight);

  const walk = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns }[event.key];
    if (event.key === 'Escape') setAt(undefined);
    if (step === undefined || partitions.length === 0) return;
    event.preventDefault();
    const next = at === undefined ? 0 : Math.min(partitions.length - 1, Math.max(0, at + step));
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const { x, y } = cellAt(grid, next);
    setAt(next);
    setPlace({ x: left + x, y: top + y + grid.size + 6 });
    announce(linesOf(partitions[next]).join(', '));
  };

  const partition = at === undefined ? undefined : partitions[at];
  const tip: TipContent | undefined = partition && { lines: linesOf(partition), ...place };
  return (
    <>
      <div
        ref={frame}
        class="cells"
        role="application"
        aria-roledescription="map of partitions"
        aria-label={`${mapText(pool)}. The arrow keys walk it.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        onKeyDown={walk}
        onBlur={() => setAt(undefined)}
        onPointerLeave={() => setAt(undefined)}
        onPointerMove={(event) => {
          const { left, top } = event.currentTarget.getBoundingClientRect();
          const column = Math.floor((event.clientX - left) / grid.pitch);
          const index = Math.floor((event.clientY - top) / grid.pitch) * grid.columns + column;
          setAt(column < grid.columns && index < partitions.length ? index : undefined);
          setPlace({ x: event.clientX, y: event.clientY + 14 });
        }}
      >
        <Canvas
          width={width}
          height={Math.ceil(partitions.length / grid.columns) * grid.pitch}
          paint={(context) => {
            for (const [index, each] of partitions.entries()) {
              const isDim = chosen !== undefined && each.owner !== chosen;
              paintCell(context, cellAt(grid, index), grid.size, each, codes, isDim, theme);
            }
            if (at !== undefined) mark(context, cellAt(grid, at), grid.size, theme);
          }}
        />
      </div>
      <Tip content={tip} />
    </>
  );
});

interface Grid {
  readonly columns: number;
  readonly size: number;
  readonly pitch: number;
}

/** Squares as large as fit into the window, within reason. */
function gridOf(partitions: number, width: number, windowHeight: number): Grid {
  const area = width * Math.max(300, windowHeight - AROUND);
  const fitting = Math.floor(Math.sqrt(area / Math.max(1, partitions))) - SPACE;
  const size = Math.min(LARGEST, Math.max(SMALLEST, fitting));
  const pitch = size + SPACE;
  return { columns: Math.max(1, Math.floor(width / pitch)), size, pitch };
}

function cellAt({ columns, pitch }: Grid, index: number): { x: number; y: number } {
  return { x: (index % columns) * pitch, y: Math.floor(index / columns) * pitch };
}

function paintCell(
  context: CanvasRenderingContext2D,
  { x, y }: { x: number; y: number },
  size: number,
  { owner, fencingToken }: PartitionJson,
  codes: Codes,
  isDim: boolean,
  theme: Theme,
): void {
  context.globalAlpha = isDim ? 0.15 : 1;
  if (fencingToken === null) {
    context.strokeStyle = theme.gap;
    context.lineWidth = 1.5;
    context.strokeRect(x + 0.75, y + 0.75, size - 1.5, size - 1.5);
    context.beginPath();
    context.moveTo(x + 1, y + size - 1);
    context.lineTo(x + size - 1, y + 1);
    context.stroke();
  } else {
    const code = owner === null ? undefined : codes.of(owner);
    context.fillStyle = (code === undefined ? undefined : theme.fills[code % COLOURS]) ?? theme.muted;
    context.fillRect(x, y, size, size);
    context.fillStyle = theme.fillText;
    context.font = `${Math.min(14, Math.floor(size * 0.6))}px ${theme.font}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(code === undefined ? '?' : letters(code), x + size / 2, y + size / 2 + 1, size - 2);
  }
  context.globalAlpha = 1;
}

function mark(context: CanvasRenderingContext2D, { x, y }: { x: number; y: number }, size: number, theme: Theme): void {
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  context.strokeRect(x + 1, y + 1, size - 2, size - 2);
}

function linesOf(partition: PartitionJson | undefined): string[] {
  if (partition === undefined) return [];
  const { name, fencingToken } = partition;
  return [name, ownerText(partition), ...(fencingToken === null ? [] : [`token ${fencingToken}`])];
}

function mapText({ partitions, members }: PoolJson): string {
  const unowned = countUnowned(partitions);
  const owned = members.map(({ id, owned: figure }) => `${id} has ${figure}`).slice(0, 20);
  return [count(partitions.length, 'partition', 'partitions'), `${unowned} unowned`, ...owned].join(', ');
}
