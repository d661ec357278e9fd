import type { Call, DeedName, FaultyRequest, RequestFault } from './plan.js';
import type { Counts } from './tally.js';

const CALLS: Readonly<Record<Call['name'], true>> = {
  start: true,
  stop: true,
  'step down': true,
  'hand over': true,
  ask: true,
  prioritise: true,
  restart: true,
  proclaim: true,
  run: true,
  await: true,
  observe: true,
  ambush: true,
  health: true,
  lock: true,
  write: true,
  read: true,
  close: true,
  botch: true,
  dither: true,
};

/** The compiler sees to it that no topic is forgotten. Topics that are counted in detail are left out here. */
const MISHAPS: Readonly<Record<Exclude<DeedName, Call['name'] | 'request' | 'streams'>, true>> = {
  crash: true,
  pause: true,
  storm: true,
  network: true,
  fade: true,
  lag: true,
  member: true,
  'raft leader': true,
  quorum: true,
  'etcd restart': true,
  'new epoch': true,
  'delete key': true,
  'revoke lease': true,
  'revoke unnoticed': true,
  'cancel watches': true,
  'overwrite key': true,
  'delete queue': true,
  'unseen end': true,
  'nested key': true,
  'forge ask': true,
  'foreign candidate': true,
  compact: true,
};

const STREAMS = [
  'keepAlive streams broken',
  'keepAlive streams silent',
  'watch streams broken',
  'watch streams silent',
];

const KINDS: Readonly<Record<FaultyRequest, true>> = {
  grant: true,
  revoke: true,
  txn: true,
  keepAlive: true,
  watch: true,
};

const FAULTS: Readonly<Record<RequestFault['is'], 'all' | 'no streams' | 'revisions'>> = {
  lost: 'all',
  'reply lost': 'all',
  hung: 'all',
  refused: 'all',
  late: 'all',
  'reply late': 'all',
  duplicated: 'no streams',
  repeated: 'no streams',
  stale: 'revisions',
};

const OUTCOMES = [
  'elections',
  'handovers',
  'leader events',
  'guarded writes accepted',
  'guarded writes refused',
  'sessions renewed',
  'stopped with the raft leader',
  'transfers',
  'asks answered',
  'asks refused',
  'asks obeyed',
  'preemptions',
  'runs ended by their user',
  'tasks completed',
  'tasks failed',
  'locks held',
  'locks not held',
  ...['KEY_DELETED', 'LEASE_EXPIRED', 'LEASE_LOST', 'STEPPED_DOWN', 'STOPPED', 'UNHEALTHY', 'ABORTED'].map(
    (code) => `unelected: ${code}`,
  ),
  ...['KEY_DELETED', 'LEASE_EXPIRED', 'LEASE_LOST', 'ABORTED'].map((code) => `lock ended: ${code}`),
  ...['TIMEOUT', 'ABORTED'].map((code) => `lock rejected: ${code}`),
];

const BEFALLS: Readonly<Record<(typeof FAULTS)[keyof typeof FAULTS], (kind: string) => boolean>> = {
  all: () => true,
  'no streams': (kind) => kind !== 'keepAlive' && kind !== 'watch',
  revisions: (kind) => kind === 'txn' || kind === 'keepAlive',
};

function requestFaults(): string[] {
  return Object.keys(KINDS).flatMap((kind) =>
    Object.entries(FAULTS)
      .filter(([, where]) => BEFALLS[where](kind))
      .map(([is]) => `${kind} ${is}`),
  );
}

/**
 * What must happen in a thousand schedules and has not happened: a simulation that passes by doing nothing is a defect.
 */
export function missing(counts: Counts): string[] {
  const lacking = (topic: keyof Counts, all: readonly string[]): string[] =>
    all.filter((what) => (counts[topic][what] ?? 0) === 0).map((what) => `${topic}: ${what}`);
  return [
    ...lacking('call', Object.keys(CALLS)),
    ...lacking('fault', [...Object.keys(MISHAPS), 'locks taken away', ...STREAMS, ...requestFaults()]),
    ...lacking('outcome', OUTCOMES),
  ];
}
