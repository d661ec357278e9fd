/** Integration specs that meet what differs between releases of etcd: docs/testing.md says which do not, and why. */
const SHORT = [
  'store',
  'election',
  'expiry',
  'deletion',
  'network',
  'silent-member',
  'transfer',
  'pool',
  'rest',
  'stale-reads',
  'faults/*',
  'security/*',
];

export type Form = 'short' | 'whole';

/** A release of etcd, or a runtime, on which specs run. */
export interface MatrixColumn {
  /** What `--only` calls it, and its log. */
  readonly name: string;
  readonly of: 'etcd' | 'Node.js' | 'Bun' | 'Deno';
  /** A release or a line of etcd, a major release of Node.js; undefined: the newest. */
  readonly version?: string;
  /** Specs of each form, for mocha. */
  readonly specs: Readonly<Record<Form, readonly string[]>>;
}

/**
 * The newest of each line, and the oldest of the line of which Debian has two. The line comes before its oldest
 * release, which would else be the newest at hand.
 */
export const ETCD_RELEASES = ['3.4', '3.5', '3.5.16', '3.6', '3.7'] as const;
export const NODE_RELEASES = ['20', '22', '24', '26'] as const;

const integration = (names: readonly string[]): string[] =>
  names.map((name) => `dist/spec/integration/${name}.spec.js`);

const ON_ETCD = {
  short: integration(SHORT),
  whole: [...integration(['**/*']), 'dist/spec/interop/*.spec.js', 'dist/spec/cli/**/*.spec.js'],
};

const UNIT = ['dist/spec/*.spec.js', ...['simulation', 'pool', 'view'].map((part) => `dist/spec/${part}/*.spec.js`)];

const ON_NODE = {
  short: [
    ...UNIT,
    ...integration(['election', 'expiry', 'deletion', 'security/certificates']),
    ...['run-signals', 'killed', 'terminal'].map((name) => `dist/spec/cli/${name}.spec.js`),
  ],
  whole: [...UNIT, ...integration(['**/*']), 'dist/spec/cli/**/*.spec.js'],
};

/** Neither promises what the specs of processes and signals need, so these have a short form only. */
const ON_OTHERS = integration([
  'election',
  'expiry',
  'deletion',
  'session',
  'observe',
  'run',
  'fencing',
  'security/passwords',
]);

export const MATRIX_COLUMNS: readonly MatrixColumn[] = [
  ...ETCD_RELEASES.map((version): MatrixColumn => ({ name: `etcd-${version}`, of: 'etcd', version, specs: ON_ETCD })),
  ...NODE_RELEASES.map(
    (version): MatrixColumn => ({ name: `node-${version}`, of: 'Node.js', version, specs: ON_NODE }),
  ),
  ...(['Bun', 'Deno'] as const).map(
    (of): MatrixColumn => ({ name: of.toLowerCase(), of, specs: { short: ON_OTHERS, whole: ON_OTHERS } }),
  ),
];
