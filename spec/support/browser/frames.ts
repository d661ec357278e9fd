import type { ElectionsPage } from './elections-page.js';

/** How smoothly a page was drawn. Milliseconds. */
export interface Smoothness {
  readonly frames: number;
  /** Between two frames, by the clock. On a machine that has other work, the longest says nothing about the page. */
  readonly median: number;
  readonly most: number;
  readonly longest: number;
  /** The longest time that the page's thread used the processor without a pause: no frame can come meanwhile. */
  readonly longestTask: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds on the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Measures how the page is drawn while `work` runs. */
export async function smoothness(page: ElectionsPage, work: () => Promise<unknown>): Promise<Smoothness> {
  const browser = page.page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  await browser.startTracing(page.page, { categories: ['toplevel'] });
  await page.ask('measure');
  await work();
  const times = (await page.page.evaluate<number[]>('look.frames')).sort((a, b) => a - b);
  const longestTask = longestOf(await browser.stopTracing());
  const at = (share: number): number => Math.round(times[Math.floor((times.length - 1) * share)] ?? Number.NaN);
  return { frames: times.length, median: at(0.5), most: at(0.95), longest: at(1), longestTask };
}

/** As one line for people. */
export function smoothnessText({ frames, median, most, longest, longestTask }: Smoothness): string {
  return (
    `${frames} frames, median ${median} ms, 95 % ${most} ms, longest ${longest} ms; ` +
    `longest task ${longestTask} ms of the processor`
  );
}

/** What the thread of the page did in one piece, in milliseconds of the processor: other programs do not count. */
function longestOf(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const isOfPage = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args?.name === 'CrRendererMain';
  const threads = new Set(traceEvents.filter(isOfPage).map(({ pid, tid }) => `${pid}:${tid}`));
  const tasks = traceEvents.filter(({ tdur, pid, tid }) => tdur !== undefined && threads.has(`${pid}:${tid}`));
  if (tasks.length === 0) throw new Error('the browser has traced no task');
  return Math.round(tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1_000);
}
