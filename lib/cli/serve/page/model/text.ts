import type { MomentJson, PartitionJson } from '../../../../view/json.js';
import { type Segment, summaryOf, type TimeWindow } from './segments.js';

const DAY = 86_400_000;
const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' });

/** `12:03:10`, with the day when that is another one. */
export function timeText(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return (isToday ? clockTime : dayAndTime).format(at);
}

/** `0.4 s`, `12 s`, `3 min 9 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  const time = Math.max(0, ms);
  if (time < 9_950) return `${(time / 1_000).toFixed(1)} s`;
  const seconds = Math.round(time / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's');
  if (time < DAY) return twoUnits(Math.floor(seconds / 60), 60, 'h', 'min');
  return twoUnits(Math.floor(seconds / 3_600), 24, 'd', 'h');
}

function twoUnits(count: number, size: number, big: string, small: string): string {
  const rest = count % size;
  return `${Math.floor(count / size)} ${big}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** How long it has been so: `> 3 min` when it was so already when somebody began to look. */
export function sinceText({ at, exact }: MomentJson, asOf: number): string {
  return `${exact ? '' : '> '}${durationText(asOf - at)}`;
}

/** What is told about one segment, line by line; the first line is who led. */
export function segmentLines(segment: Segment, asOf: number): string[] {
  if (segment.kind === 'untimed') {
    return [segment.term.value, `token ${segment.term.fencingToken}`, 'before this viewer began: nobody saw when'];
  }
  const { from, until } = segment;
  const end = until === undefined ? 'until now' : `until ${timeText(until, asOf)}`;
  const length = durationText((until ?? asOf) - from);
  if (segment.kind === 'gap') return ['Nobody led', `from ${timeText(from, asOf)}`, `${end} (${length})`];
  const { term, isOpenStart, isOpenEnd } = segment;
  return [
    term.value,
    `token ${term.fencingToken}`,
    `from ${timeText(from, asOf)}${isOpenStart ? ' or before' : ''}`,
    `${isOpenEnd ? `${end} or before` : end} (${isOpenStart ? '> ' : ''}${length})`,
    ...(term.ended === null ? [] : [`ended: ${endText(term.ended, term.why)}`]),
    ...(term.isRecorded ? ['recorded by the leader'] : []),
  ];
}

/** Why a term ended. A key that goes with its lease looks like a released one. `why`: what the leader was told. */
export function endText(ended: string, why: string | null): string {
  if (why !== null) return ended === 'unknown' ? why : `${ended}: ${why}`;
  return ended === 'unknown' ? 'released, or with its lease' : ended;
}

/** Who owns a partition, in words. One that has a token has an owner, even if that is not a member of the pool. */
export function ownerText({ owner, fencingToken }: Omit<PartitionJson, 'name'>): string {
  return owner ?? (fencingToken === null ? 'nobody owns it' : 'its owner is not a member');
}

/** How many of the partitions nobody owns. */
export function countUnowned(partitions: readonly PartitionJson[]): number {
  return partitions.filter(({ fencingToken }) => fencingToken === null).length;
}

/** What a timeline shows, in words. */
export function timelineText(
  segments: readonly Segment[],
  window: TimeWindow & { readonly label: string },
  asOf: number,
): string {
  const { terms, gaps, without, lost } = summaryOf(segments, window, asOf);
  const parts = [
    count(terms, 'term', 'terms'),
    gaps === 0 ? 'no gap' : `${count(gaps, 'gap', 'gaps')} of together ${durationText(without)}`,
    ...(lost === 0 ? [] : [`${count(lost, 'term', 'terms')} ended with the lease`]),
  ];
  return `in the last ${window.label}: ${parts.join(', ')}`;
}

export function count(figure: number, one: string, many: string): string {
  return `${figure} ${figure === 1 ? one : many}`;
}
