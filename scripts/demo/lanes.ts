/** Who led when, as lines of text: a lane for each candidate, and one for the time in which nobody led. */

/** A term, with times in milliseconds since 1970. */
export interface LaneStretch {
  readonly name: string;
  readonly from: number;
  /** Undefined: it lasts. */
  readonly until: number | undefined;
  /** The leader was killed in this term: from then on its key is there, and nobody works. */
  readonly killed: number | undefined;
}

export interface LanesOptions {
  readonly names: readonly string[];
  /** The first moment that is shown. */
  readonly from: number;
  readonly now: number;
  /** Columns of the whole. */
  readonly columns: number;
}

/** A lane, in parts that are painted each in its way. */
export interface Lane {
  readonly name: string;
  readonly cells: string;
  readonly remark: string;
  readonly kind: 'led' | 'leads' | 'killed' | 'nobody';
}

const LEADS = '█';
const KILLED = '░';
const NOBODY = '▒';
/** Milliseconds of a cell, at least. It grows when the time does not fit. */
const FINEST = 125;
/** Columns of names, and of what is remarked at the end. */
const MARGIN = 9 + 24;

/** Milliseconds of a cell. */
export function cellOf({ from, now, columns }: LanesOptions): number {
  const room = Math.max(10, columns - MARGIN);
  let cell = FINEST;
  while ((now - from) / cell > room) cell *= 2;
  return cell;
}

export function lanesOf(stretches: readonly LaneStretch[], options: LanesOptions): Lane[] {
  const { names, from, now } = options;
  const cell = cellOf(options);
  const starts = Array.from({ length: Math.ceil((now - from) / cell) }, (_, at) => from + at * cell);
  const draw = (charOf: (begin: number, end: number) => string): string =>
    starts.map((begin) => charOf(begin, Math.min(now, begin + cell))).join('');
  const first = Math.min(...stretches.map((stretch) => stretch.from));
  const isLed = (begin: number, end: number): boolean =>
    stretches.some(({ from: begun, until, killed }) => begun < end && (killed ?? until ?? now) > begin);
  const lanes = names.map((name): Lane => {
    const own = stretches.filter((stretch) => stretch.name === name);
    const cells = draw((begin, end) => {
      const stretch = own.findLast(({ from: begun, until }) => begun < end && (until ?? now) > begin);
      if (stretch === undefined) return ' ';
      return (stretch.killed ?? Number.POSITIVE_INFINITY) > begin ? LEADS : KILLED;
    });
    return { name, cells, ...stateOf(own.at(-1), now) };
  });
  const cells = draw((begin, end) => (begin >= first && !isLed(begin, end) ? NOBODY : ' '));
  return cells.trim() === '' ? lanes : [...lanes, { name: 'nobody', cells, remark: '', kind: 'nobody' }];
}

function stateOf(last: LaneStretch | undefined, now: number): Pick<Lane, 'remark' | 'kind'> {
  if (last === undefined) return { remark: '', kind: 'led' };
  const { from, until, killed } = last;
  if (killed !== undefined)
    return { remark: until === undefined ? 'killed: its lease lasts' : 'killed', kind: 'killed' };
  if (until !== undefined) return { remark: `led ${seconds(until - from)}`, kind: 'led' };
  return { remark: `leads: ${seconds(now - from)}`, kind: 'leads' };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
