import type { ElectionJson, TermJson } from '../../../../view/json.js';

/** One stretch of an election's timeline. Times are milliseconds on the server's clock. */
export type Segment =
  | {
      readonly kind: 'term';
      readonly term: TermJson;
      readonly from: number;
      /** Undefined: it goes on. */
      readonly until: number | undefined;
      /** The term began at `from` or before. */
      readonly isOpenStart: boolean;
      /** Nobody saw the end: another term began at `until`. */
      readonly isOpenEnd: boolean;
    }
  | { readonly kind: 'gap'; readonly from: number; readonly until: number | undefined }
  /** A term whose times nobody has told; it stands before the first time that is known. */
  | { readonly kind: 'untimed'; readonly term: TermJson };

/** What is drawn of an election, oldest first. */
export function segmentsOf({ leader, terms }: ElectionJson): Segment[] {
  const segments: Segment[] = [];
  for (const [at, term] of terms.entries()) {
    const { from, until } = term;
    if (from === null) {
      segments.push({ kind: 'untimed', term });
      continue;
    }
    const gap = gapBetween(terms[at - 1], term);
    if (gap !== undefined) segments.push(gap);
    const next = terms[at + 1]?.from?.at;
    segments.push({
      kind: 'term',
      term,
      from: from.at,
      until: until?.at ?? next,
      isOpenStart: !from.exact,
      isOpenEnd: until === null ? next !== undefined : !until.exact,
    });
  }
  const end = terms.at(-1)?.until;
  if (leader === null && end) segments.push({ kind: 'gap', from: end.at, until: undefined });
  return segments;
}

/** Nobody led between two terms. What nobody saw is no gap. */
function gapBetween(before: TermJson | undefined, { from }: TermJson): Segment | undefined {
  const until = before?.until;
  if (!until?.exact || !from?.exact || from.at <= until.at) return undefined;
  return { kind: 'gap', from: until.at, until: from.at };
}

/** The stretch of time that a timeline shows. */
export interface TimeWindow {
  readonly from: number;
  readonly until: number;
}

/** Where a segment is drawn: pixels from the left. */
export interface Box {
  readonly left: number;
  readonly width: number;
  readonly segment: Segment;
}

const NARROWEST_TERM = 2;
const NARROWEST_GAP = 4;
const UNTIMED = { width: 10, space: 2, most: 5 } as const;

/**
 * Places segments in a window. What goes on ends at `asOf`, the last time of which anything is known. Gaps come last,
 * so that they are drawn over their neighbours where they are narrower than a mark.
 */
export function layOut(segments: readonly Segment[], { from, until }: TimeWindow, asOf: number, width: number): Box[] {
  const toX = (time: number): number => ((time - from) / (until - from)) * width;
  const boxes: Box[] = [];
  for (const segment of segments) {
    if (segment.kind === 'untimed') continue;
    const [left, right] = [toX(segment.from), toX(Math.min(segment.until ?? asOf, asOf))];
    if (right < 0 || left > width) continue;
    const narrowest = segment.kind === 'gap' ? NARROWEST_GAP : NARROWEST_TERM;
    const start = Math.max(0, left);
    const box = { left: start, width: Math.max(narrowest, Math.min(width, right) - start), segment };
    // At the right edge a mark would stick out.
    boxes.push(box.left + box.width > width ? { ...box, left: width - box.width } : box);
  }
  const first = segments.find((segment) => segment.kind !== 'untimed');
  boxes.push(...untimed(segments, toX(first?.from ?? asOf)));
  return boxes.sort((a, b) => Number(a.segment.kind === 'gap') - Number(b.segment.kind === 'gap') || a.left - b.left);
}

/** The last few terms whose time nobody knows, as boxes of one width, that end where times are known. */
function untimed(segments: readonly Segment[], right: number): Box[] {
  const last = segments.filter(({ kind }) => kind === 'untimed').slice(-UNTIMED.most);
  return last
    .map((segment, at) => ({
      left: right - (last.length - at) * (UNTIMED.width + UNTIMED.space),
      width: UNTIMED.width,
      segment,
    }))
    .filter(({ left }) => left >= 0);
}

/** What lies under a pixel: gaps before terms, as they are drawn. */
export function boxAt(boxes: readonly Box[], x: number): Box | undefined {
  return boxes.findLast(({ left, width }) => x >= left && x < left + width);
}

/** Figures of a window, for those who do not see it. */
export function summaryOf(segments: readonly Segment[], { from }: TimeWindow, asOf: number): SegmentsSummary {
  const within = segments.filter((segment) => segment.kind !== 'untimed' && (segment.until ?? asOf) >= from);
  const gaps = within.filter((segment) => segment.kind === 'gap');
  return {
    terms: within.length - gaps.length,
    gaps: gaps.length,
    without: gaps.reduce((sum, gap) => sum + Math.min(gap.until ?? asOf, asOf) - Math.max(gap.from, from), 0),
    lost: within.filter((segment) => segment.kind === 'term' && segment.term.ended === 'lease ended').length,
  };
}

export interface SegmentsSummary {
  readonly terms: number;
  readonly gaps: number;
  /** Milliseconds without a leader. */
  readonly without: number;
  /** Terms that ended with their lease: nobody let go. */
  readonly lost: number;
}

/** The segment before or after this one; the last one at first, and when this one is there no more. */
export function neighbour(segments: readonly Segment[], now: Segment | undefined, step: number): Segment | undefined {
  const at = now === undefined ? -1 : segments.indexOf(now);
  return at < 0 ? segments.at(-1) : (segments[at + step] ?? now);
}
