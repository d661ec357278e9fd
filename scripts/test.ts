/**
 * Runs what is to be tested, one step after the other, until one fails:
 *
 *     npm test                                  every step
 *     npm run test:unit                         one of them
 *     npm run test:integration -- --grep watch  mocha's options are passed on
 */
import { describeServer, findEtcd } from '../spec/support/cluster/etcd-server.js';
import { onCompose } from './test/compose.js';
import { collect, report } from './test/coverage.js';
import { runTool } from './test/tool.js';

interface Step {
  readonly name: string;
  /** True when it passed. `isAskedFor`: by name, not as one of all. */
  run(mochaArgs: readonly string[], isAskedFor: boolean): Promise<boolean>;
}

/** A new suite is a new line here, and one in the scripts of package.json to run it alone. */
const STEPS: readonly Step[] = [
  { name: 'lint', run: () => runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']) },
  { name: 'unit', run: (args) => mocha(['dist/spec/*.spec.js', ...args]) },
  { name: 'integration', run: (args) => mochaOnEtcd('dist/spec/integration', args) },
  { name: 'cli', run: (args) => mochaOnEtcd('dist/spec/cli', args) },
  { name: 'chaos', run: () => runTool('../dist/spec/chaos/main.js', ['--minutes', '1.5']) },
  { name: 'examples', run: (args) => mochaOnEtcd('dist/spec/examples', ['--timeout', '120000', ...args]) },
