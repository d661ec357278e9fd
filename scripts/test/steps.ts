import { onCompose } from './compose.js';
import { report } from './coverage.js';
import { mocha, mochaOnContainers, mochaOnEtcd, mochaOnPackage } from './mocha.js';
import { fetchReleases, mochaOnAll, onOtherRelease } from './releases.js';
import type { Step } from './step.js';

/** The first line of a complaint of biome's: `lib/time.ts:3:5 lint/…` or `lib/time.ts format`. */
const PLACE = /^\S+\.\w+(:\d+:\d+)? .*━/;

/** A new suite is a new line here, and a script of package.json that runs it alone. */
export const STEPS: readonly Step[] = [
  {
    name: 'lint',
    telling: PLACE,
    run: (stage) => stage.tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  },
  { name: 'width', telling: /^\S+:\d+: \d+ columns$/, run: (stage) => stage.tool('../dist/scripts/check-width.js') },
  {
    name: 'unit',
    run: (stage) =>
      mocha(
        stage,
        'dist/spec/*.spec.js',
        ...['simulation', 'pool', 'view'].map((part) => `dist/spec/${part}/*.spec.js`),
      ),
  },
  {
    name: 'simulation',
    telling: /^ {3}schedule \d+: |this never happened/,
    run: (stage) => stage.tool('../dist/scripts/simulation.js'),
  },
  { name: 'releases', run: fetchReleases },
  { name: 'integration', lane: 'first', run: (stage) => mochaOnEtcd(stage, 'dist/spec/integration') },
  { name: 'interop', lane: 'second', run: (stage) => mochaOnEtcd(stage, 'dist/spec/interop') },
  { name: 'browser', lane: 'first', run: (stage) => mochaOnEtcd(stage, 'dist/spec/browser') },
  { name: 'cli', lane: 'second', run: (stage) => mochaOnEtcd(stage, 'dist/spec/cli') },
  {
    name: 'chaos',
    lane: 'second',
    telling: /^FAILED: |^chaos: npm run /,
    run: (stage) => stage.tool('../dist/spec/chaos/main.js', '--minutes', '1.5'),
  },
  {
    name: 'examples',
    lane: 'second',
    run: (stage) => mochaOnEtcd(stage, 'dist/spec/examples', '--timeout', '120000'),
  },
  { name: 'package', run: mochaOnPackage },
  { name: 'docs', telling: /^\[(error|warning)\]/, run: (stage) => stage.tool('../dist/scripts/docs.js') },
  { name: 'compose', run: (stage) => onCompose(stage, () => mochaOnContainers(stage)) },
  onOtherRelease('3.4', 'first'),
  onOtherRelease('3.5', 'second'),
  onOtherRelease('3.6', 'first'),
  onOtherRelease('3.7', 'second'),
  { name: 'rolling', lane: 'first', run: (stage) => mochaOnAll(stage, 'dist/spec/rolling/*.spec.js') },
];

/**
 * Some of the specs reach only some of the code, so coverage means something only after all other steps ran completely.
 */
export const COVERAGE: Step = { name: 'coverage', needsAll: true, telling: /^ERROR/, run: report };
