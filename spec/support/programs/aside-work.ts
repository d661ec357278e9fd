import type { AsideReport } from '../aside.js';
import { closeTracked } from '../track.js';
import { whenOrphaned } from './parent.js';

/** Does the work that a spec has put aside, tells the parent what came of it, and ends the process. */
export async function workAside<T>(work: () => Promise<T>): Promise<never> {
  whenOrphaned();
  process.once('SIGTERM', () => process.exit()); // what has to be cleaned up listens to `exit`
  let report: AsideReport<T>;
  try {
    report = { result: await work() };
  } catch (err) {
    report = { failed: err instanceof Error ? (err.stack ?? err.message) : String(err) };
  }
  const problems = await closeTracked();
  const [problem] = problems;
  if (problem !== undefined && 'result' in report) report = { failed: problem.message };
  await new Promise((sent) => process.send?.(report, sent));
  process.exit();
}
