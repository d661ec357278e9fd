import Mocha from 'mocha';
import { isCrash } from './crash.js';
import { type Before, failureOf, isHook, type JournalRecord, nameOf, writeRecord } from './journal.js';

/**
 * mocha's own `spec` reporter. It also writes down what goes on in the file that `SPEC_JOURNAL` names, so that several
 * runs can be summed up. This is the one default export of the project, because mocha loads nothing else.
 */
export default class JournalReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { SPEC_JOURNAL: journal } = process.env;
    if (journal !== undefined) keepJournal(runner, (record) => writeRecord(journal, record));
  }
}

function keepJournal(runner: Mocha.Runner, add: (record: JournalRecord) => void): void {
  const before = new Map<Mocha.Runnable, Before>();
  runner.on('start', () => add({ at: 'start', total: runner.total }));
  for (const event of ['test', 'hook'] as const) {
    runner.on(event, (runnable: Mocha.Runnable) => add({ at: 'begin', ...nameOf(runnable) }));
    runner.on(`${event} end`, () => add({ at: 'end' }));
  }
  runner.on('pass', (test) => {
    before.set(test, 'passed');
    add({ at: 'passed' });
  });
  runner.on('fail', (test, err: unknown) => {
    const was = before.get(test) ?? (isHook(test) ? 'a hook' : 'running');
    before.set(test, was === 'a hook' ? was : 'failed');
    add({ at: 'failed', was, isCrash: isCrash(err), ...failureOf(test, err) });
  });
  runner.on('end', () => add({ at: 'over' }));
}
