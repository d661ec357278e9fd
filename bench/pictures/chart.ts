import { box, dot, FAINT, line, type Point, text } from './svg.js';

export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly Point[];
  /** Written at the end of the line, when it ends before the others do. */
  readonly end?: string;
}

export interface Chart {
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly series: readonly Series[];
  readonly labelX: (value: number) => string;
  readonly labelY: (value: number) => string;
}

/** Lines over two logarithmic axes. */
export function chart({ title, x, y, width, height, series, labelX, labelY }: Chart): string[] {
  const all = series.flatMap(({ points }) => points);
  const across = decades(all.map(([value]) => value));
  const up = decades(all.map(([, value]) => value));
  const atX = (value: number): number => x + across.share(value) * width;
  const atY = (value: number): number => y + height - up.share(value) * height;
  return [
    text(x, y - 14, title, { bold: true, size: 13 }),
    box(x, y, width, height, { stroke: FAINT }),
    ...up.ticks.flatMap((value) => [
      line([at(x, atY(value)), at(x + width, atY(value))], { stroke: FAINT, opacity: 0.4 }),
      text(x - 8, atY(value) + 4, labelY(value), { anchor: 'end', size: 11 }),
    ]),
    ...across.ticks.map((value) => text(atX(value), y + height + 18, labelX(value), { anchor: 'middle', size: 11 })),
    ...series.flatMap(({ colour, points, end }) => {
      const placed = points.map(([px, py]) => at(atX(px), atY(py)));
      const [lastX, lastY] = placed.at(-1) ?? [x, y];
      return [
        line(placed, { stroke: colour, width: 2 }),
        ...placed.map(([px, py]) => dot(px, py, colour)),
        ...(end === undefined ? [] : [text(lastX + 8, lastY + 4, end, { size: 11, fill: colour })]),
      ];
    }),
  ];
}

export function legend(x: number, y: number, series: readonly Pick<Series, 'label' | 'colour'>[]): string[] {
  let left = x;
  return series.flatMap(({ label, colour }) => {
    const at = left;
    left += 34 + label.length * 6.8;
    return [
      line(
        [
          [at, y],
          [at + 18, y],
        ],
        { stroke: colour, width: 2 },
      ),
      dot(at + 9, y, colour),
      text(at + 24, y + 4, label),
    ];
  });
}

function at(x: number, y: number): Point {
  return [x, y];
}

/** The powers of ten around all values, and where between them a value lies. */
function decades(values: readonly number[]): { readonly ticks: readonly number[]; share(value: number): number } {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return { ticks, share: (value) => (Math.log10(value) - from) / (to - from) };
}
