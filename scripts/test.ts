/**
 * Runs what is to be tested, until something fails:
 *
 *     npm test                                  every step
 *     npm run test:unit                         one of them
 *     npm run test:integration -- --grep watch  mocha's options are passed on
 */
import { describeServer, findEtcd } from '../spec/support/cluster/etcd-server.js';
import { onCompose } from './test/compose.js';
import { collect, report } from './test/coverage.js';
import { holdTool, runTool } from './test/tool.js';

interface Step {
  readonly name: string;
  /**
   * The two lanes run at the same time, the steps of each in order: most specs on etcd wait, for leases to expire and members to
   * come back. Steps without a lane have the machine to themselves.
   */
  readonly lane?: 'first' | 'second';
  /** True when it passed. `isAskedFor`: by name, not as one of all. */
  run(mochaArgs: readonly string[], isAskedFor: boolean): Promise<boolean>;
}

/** A new suite is a new line here, and one in the scripts of package.json to run it alone. */
const STEPS: readonly Step[] = [
  { name: 'lint', run: () => runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']) },
  { name: 'unit', run: (args) => mocha(['dist/spec/*.spec.js', 'dist/spec/simulation/*.spec.js', ...args]) },
  { name: 'simulation', run: () => runTool('../dist/scripts/simulation.js', []) },
  { name: 'integration', lane: 'first', run: (args) => mochaOnEtcd('dist/spec/integration', args) },
  { name: 'interop', lane: 'second', run: (args) => mochaOnEtcd('dist/spec/interop', args) },
  { name: 'cli', lane: 'second', run: (args) => mochaOnEtcd('dist/spec/cli', args) },
  { name: 'chaos', lane: 'second', run: () => runTool('../dist/spec/chaos/main.js', ['--minutes', '1.5']) },
  {
    name: 'examples',
    lane: 'second',
    run: (args) => mochaOnEtcd('dist/spec/examples', ['--timeout', '120000', ...args]),
  },
  { name: 'package', run: (args) => mocha(['dist/spec/package/*.spec.js', '--timeout', '300000', ...args]) },
  { name: 'docs', run: () => runTool('typedoc/bin/typedoc', []) },
  { name: 'compose', run: (args, isAskedFor) => onCompose(isAskedFor, () => mochaOnContainers(args)) },
];

const asked = STEPS.find((step) => step.name === process.argv[2]);
const mochaArgs = process.argv.slice(asked === undefined ? 2 : 3);
if (asked !== undefined) {
  process.exitCode = (await run(asked)) ? 0 : 1;
} else {
  collect();
  // Part of the specs reaches part of the code.
  const all = mochaArgs.length === 0 ? [...STEPS, { name: 'coverage', run: report }] : STEPS;
  process.exitCode = (await runAll(all)) ? 0 : 1;
}

async function runAll(steps: readonly Step[]): Promise<boolean> {
  const together = steps.filter(({ lane }) => lane !== undefined);
  const before = steps.slice(
    0,
    steps.findIndex(({ lane }) => lane !== undefined),
  );
  const after = steps.slice(before.length).filter(({ lane }) => lane === undefined);
  return (await runInOrder(before)) && (await runLanes(together)) && (await runInOrder(after));
}

async function runInOrder(steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) if (!(await run(step))) return false;
  return true;
}

/** The output of the second lane is held back: it would mix with that of the first. */
async function runLanes(steps: readonly Step[]): Promise<boolean> {
  const lane = (which: Step['lane']): Step[] => steps.filter((step) => step.lane === which);
  const [passed, beside] = await Promise.all([runInOrder(lane('first')), holdInOrder(lane('second'))]);
  console.log(beside.output);
  return passed && beside.passed;
}

async function holdInOrder(steps: readonly Step[]): Promise<{ readonly passed: boolean; readonly output: string }> {
  let output = '';
  for (const { name } of steps) {
    const held = await holdTool('../dist/scripts/test.js', [name, ...mochaArgs]);
    output += held.output;
    if (!held.passed) return { passed: false, output };
  }
  return { passed: true, output };
}

async function run(step: Step): Promise<boolean> {
  console.log(`\n── ${step.name}`);
  const passed = await step.run(mochaArgs, step === asked);
  if (!passed) console.error(`\n── ${step.name} failed`);
  return passed;
}

function mocha(args: readonly string[]): Promise<boolean> {
  return runTool('mocha/bin/mocha.js', ['--reporter', 'dist/spec/support/reporter.js', ...args]);
}

async function mochaOnContainers(args: readonly string[]): Promise<boolean> {
  const integration = await mochaOnEtcd('dist/spec/integration', args);
  return (await mocha(['dist/spec/compose/*.spec.js', ...args])) && integration;
}

async function mochaOnEtcd(folder: string, args: readonly string[]): Promise<boolean> {
  const server = await findEtcd();
  if (server === undefined) throw new Error('no etcd server: run `npm run setup`');
  console.log(`   on ${describeServer(server)}`);
  const specs = [`${folder}/**/*.spec.js`];
  if (server.kind === 'program') return await mocha([...specs, ...args]);
  console.log('   without the specs of faults and of security: they need clusters of their own');
  const theirOwn = ['faults', 'security'].flatMap((part) => ['--ignore', `${folder}/${part}/**`]);
  return await mocha([...specs, ...theirOwn, ...args]);
}
