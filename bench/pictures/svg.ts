/** As much of SVG as the pictures need; readable on a light and on a dark page. */

export type Point = readonly [x: number, y: number];

interface Style {
  readonly fill?: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly dash?: string;
  readonly opacity?: number;
}

function attributes({ fill = 'none', stroke, width = 1, dash, opacity }: Style): string {
  const line = stroke === undefined ? '' : ` stroke="${stroke}" stroke-width="${width}"`;
  return `fill="${fill}"${line}${dash ? ` stroke-dasharray="${dash}"` : ''}${opacity ? ` opacity="${opacity}"` : ''}`;
}

export const INK = '#57606a';
export const FAINT = '#afb8c1';
const FONTS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif";

export function line(points: readonly Point[], style: Style): string {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
  return `<path d="${path}" ${attributes(style)}/>`;
}

export function box(x: number, y: number, width: number, height: number, style: Style): string {
  const size = `width="${short(width)}" height="${short(height)}"`;
  return `<rect x="${short(x)}" y="${short(y)}" ${size} rx="2" ${attributes(style)}/>`;
}

export function dot(x: number, y: number, fill: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="3.5" fill="${fill}"/>`;
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly fill?: string;
  readonly bold?: boolean;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { anchor = 'start', size = 12, fill = INK, bold = false } = style;
  const weight = bold ? ' font-weight="600"' : '';
  const look = `font-size="${size}" fill="${fill}" text-anchor="${anchor}"${weight}`;
  return `<text x="${short(x)}" y="${short(y)}" ${look}>${escaped(content)}</text>`;
}

export function svg(width: number, height: number, title: string, content: readonly string[]): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="${FONTS}">`,
    `<title>${escaped(title)}</title>`,
    box(0.5, 0.5, width - 1, height - 1, { fill: '#ffffff', stroke: '#d0d7de' }),
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function short(n: number): string {
  return String(Math.round(n * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
