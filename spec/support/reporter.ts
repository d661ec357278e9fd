import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/**
 * mocha's own `spec` reporter, which also appends one line, `<passed> <failed>`, to the file that `SPEC_COUNTS` names,
 * so that several runs can be summed up. The one default export here: mocha loads nothing else.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env.SPEC_COUNTS;
    if (file === undefined) return;

    const failed = new Set<Mocha.Runnable>();
    const passed = new Set<Mocha.Runnable>();
    runner.on('pass', (test) => passed.add(test));
    // After its `pass`, when it left something open; or a hook.
    runner.on('fail', (test) => {
      passed.delete(test);
      failed.add(test);
    });
    runner.on('end', () => appendFileSync(file, `${passed.size} ${failed.size}\n`));
  }
}
