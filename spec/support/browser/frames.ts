import type { ElectionsPage } from './elections-page.js';

/** How smoothly a page was drawn. Milliseconds. */
export interface Smoothness {
  readonly frames: number;
  /** Between two frames, by the clock. On a machine that has other work, these three say little about the page. */
  readonly median: number;
  readonly most: number;
  readonly longest: number;
  /** What a frame costs the page's thread on the average, on the processor. */
  readonly work: number;
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
  const tasks = tasksOf(await browser.stopTracing());
  const at = (share: number): number => Math.round(times[Math.floor((times.length - 1) * share)] ?? Number.NaN);
  const inAll = tasks.reduce((sum, ms) => sum + ms, 0);
  const longestTask = Math.round(Math.max(...tasks));
  return {
    frames: times.length,
    median: at(0.5),
    most: at(0.95),
    longest: at(1),
    work: Math.round(inAll / times.length),
    longestTask,
  };
}

/** As one line for people. */
export function smoothnessText({ frames, median, most, longest, work, longestTask }: Smoothness): string {
  return (
    `${frames} frames, median ${median} ms, 95 % ${most} ms, longest ${longest} ms; ` +
    `of the processor ${work} ms a frame, longest task ${longestTask} ms`
  );
}

/** What the thread of the page did in one piece each, in milliseconds of the processor: other programs do not count. */
function tasksOf(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const isOfPage = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args?.name === 'CrRendererMain';
  const threads = new Set(traceEvents.filter(isOfPage).map(({ pid, tid }) => `${pid}:${tid}`));
  const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && threads.has(`${pid}:${tid}`));
  if (tasks.length === 0) throw new Error('the browser has traced no task');
  return tasks.map(({ tdur = 0 }) => tdur / 1_000);
}
