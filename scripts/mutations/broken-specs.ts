import type { JournalRecord } from '../../spec/support/journal.js';
import type { Broken } from '../../spec/support/mutants/outcome.js';
import { recordsIn } from '../test/journal.js';

/** What was broken in a run of mocha, and how many specs there were. */
export interface BrokenSpecs {
  readonly specs: number;
  readonly broken: readonly Broken<string>[];
}

/** A spec failed that the mutation does not name. */
const OTHER = 'other specs';
/** A spec passed and left something open, or a hook failed. */
const AROUND = 'around the specs';
const NOT_LOADED = 'the specs could not be loaded';
const INTERRUPTED = 'the run did not come to its end';

/** An entry of the library's log with an error of the engine's in it, or in the causes of the error. */
const LOGGED_CRASH = /^\{"level":.*"(?:type":"|stack":.*\b)(?:Type|Reference|Range|Syntax)Error\b/m;

/**
 * Reads what a run of mocha wrote down. A spec that is named in `breaks`, by a part of its title, breaks what is named.
 *
 * Only an assertion breaks a promise. A crash breaks none: a spec that failed by a `TypeError` or the like, specs that
 * could not be loaded, a run that did not come to its end, and an error of the engine's that the library caught and
 * logged.
 */
export function brokenSpecs(breaks: readonly string[], journal: string, output: string): BrokenSpecs {
  const records = recordsIn(journal);
  const broken = records.flatMap((record) => (record.at === 'failed' ? [brokenBy(record, breaks)] : []));
  const specs = records.reduce((sum, record) => (record.at === 'start' ? sum + record.total : sum), 0);
  if (!records.some(({ at }) => at === 'start')) broken.push({ promise: NOT_LOADED, isCrash: true });
  else if (!records.some(({ at }) => at === 'over')) broken.push({ promise: INTERRUPTED, isCrash: true });
  if (LOGGED_CRASH.test(output)) broken.push({ promise: 'the log', isCrash: true });
  return { specs, broken };
}

function brokenBy(failed: JournalRecord & { readonly at: 'failed' }, breaks: readonly string[]): Broken<string> {
  const { title, was, isCrash } = failed;
  const promise = was === 'running' ? (breaks.find((part) => title.includes(part)) ?? OTHER) : AROUND;
  return { promise, isCrash };
}
