import { LINES } from '../../spec/support/cluster/releases.js';
import { onCompose } from './compose.js';
import { report } from './coverage.js';
import { onManifests } from './manifests.js';
import {
  mocha,
  mochaOnContainers,
  mochaOnEtcd,
  mochaOnOwnClusters,
  mochaOnPackage,
  mochaOnQueues,
  mochaOnSharedCluster,
} from './mocha.js';
import { fetchReleases, mochaOnAll, onOtherRelease } from './releases.js';
import type { Step } from './step.js';
import { lintWorkflows } from './workflows.js';

/** The first line of a complaint of biome's: `lib/time.ts:3:5 lint/…` or `lib/time.ts format`. */
const PLACE = /^\S+\.\w+(:\d+:\d+)? .*━/;

/** Specs on etcd wait most of the time: with three such suites at a time, two cores were busy for 60 % of a run. */
const onEtcd = { after: ['releases'], cores: 0.6 };
const INTEGRATION = 'dist/spec/integration';

/**
 * A new suite is a new line here, and a script of package.json that runs it alone. What takes long comes first, and
 * what needs a core for itself: the rest fills the gaps.
 */
export const STEPS: readonly Step[] = [
  {
    name: 'lint',
    cores: 1,
    telling: PLACE,
    run: (stage) => stage.tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  },
  {
    name: 'width',
    cores: 1,
    telling: /^\S+:\d+: \d+ columns$/,
    run: (stage) => stage.tool('../dist/scripts/check-width.js'),
  },
  { name: 'workflows', cores: 1, telling: /^\.github\S+:\d+:\d+: /, run: lintWorkflows },
  // On as many cores as there are, and soon over.
  {
    name: 'simulation',
    telling: /^ {3}schedule \d+: |this never happened/,
    run: (stage) => stage.tool('../dist/scripts/simulation.js'),
  },
  { name: 'releases', cores: 1, run: fetchReleases },
  {
    name: 'unit',
    cores: 1,
    run: (stage) =>
      mocha(
        stage,
        'dist/spec/*.spec.js',
        ...['simulation', 'pool', 'view'].map((part) => `dist/spec/${part}/*.spec.js`),
      ),
  },
  { name: 'package', cores: 1, run: mochaOnPackage },
  onOtherRelease('3.6', onEtcd),
  {
    name: 'integration',
    ...onEtcd,
    run: (stage) => mochaOnSharedCluster(stage, INTEGRATION),
  },
  {
    name: 'docs',
    cores: 1,
    telling: /^\[(error|warning)\]/,
    run: (stage) => stage.tool('../dist/scripts/docs.js'),
  },
  // The frames of the page are measured, so that Chromium wants its core.
  { name: 'browser', ...onEtcd, cores: 1, run: (stage) => mochaOnEtcd(stage, 'dist/spec/browser') },
  onOtherRelease('3.4', onEtcd),
  onOtherRelease('3.5', onEtcd),
  onOtherRelease('3.7', onEtcd),
  { name: 'cli', ...onEtcd, run: (stage) => mochaOnEtcd(stage, 'dist/spec/cli') },
  {
    name: 'faults',
    suite: 'integration',
    ...onEtcd,
    run: (stage) => mochaOnOwnClusters(stage, INTEGRATION),
  },
  {
    name: 'examples',
    ...onEtcd,
    run: (stage) => mochaOnEtcd(stage, 'dist/spec/examples', '--timeout', '120000'),
  },
  { name: 'queues', ...onEtcd, run: mochaOnQueues },
  {
    name: 'chaos',
    ...onEtcd,
    telling: /^FAILED: |^chaos: npm run /,
    run: (stage) => stage.tool('../dist/spec/chaos/main.js', '--minutes', '1.5'),
  },
  { name: 'interop', ...onEtcd, run: (stage) => mochaOnEtcd(stage, 'dist/spec/interop') },
  {
    name: 'rolling',
    after: ['releases', ...LINES.map((line) => `etcd-${line}`)],
    cores: 1,
    run: (stage) => mochaOnAll(stage, 'dist/spec/rolling/*.spec.js'),
  },
  { name: 'manifests', cores: 1, run: onManifests },
  // It changes the environment of what is started meanwhile.
  { name: 'compose', run: (stage) => onCompose(stage, () => mochaOnContainers(stage)) },
];

/**
 * Some of the specs reach only some of the code, so coverage means something only after all other steps ran completely.
 */
export const COVERAGE: Step = { name: 'coverage', needsAll: true, telling: /^ERROR/, run: report };
