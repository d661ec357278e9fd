/** How one of the candidate processes uses the library. */
export interface Profile {
  readonly name: string;
  /** `createClient()` of the library, or etcd3's own class with its defaults. */
  readonly client: 'created' | 'plain';
  readonly ttl: number;
  readonly renewDeadline?: number;
  /** All elections of the process share the lease of one Session. */
  readonly session: boolean;
  /**
   * Whether the process is a worker of the pool too: on its session, if it has one, or else on a lease of the pool's
   * own.
   */
  readonly pool: boolean;
  /** Elections beside the main election. All processes take part in them. */
  readonly shards: number;
}

const SHARDS = 50;

export const PARTITIONS = 24;

export const PROFILES: readonly Profile[] = [
  { name: 'ada', client: 'created', ttl: 3, renewDeadline: 2.95, session: false, pool: true, shards: 0 }, // no slack
  { name: 'ben', client: 'plain', ttl: 3, session: false, pool: false, shards: 0 },
  { name: 'cleo', client: 'created', ttl: 3, session: true, pool: true, shards: SHARDS },
  { name: 'dan', client: 'plain', ttl: 4, session: true, pool: true, shards: SHARDS },
  { name: 'eve', client: 'created', ttl: 2, session: true, pool: true, shards: SHARDS },
];

export const LONGEST_TTL = Math.max(...PROFILES.map(({ ttl }) => ttl));

/** What a candidate process is started with. */
export interface CandidateAssignment {
  readonly profile: Profile;
  readonly hosts: readonly string[];
  readonly logFile: string;
  /** Prefix of all keys of the run. */
  readonly run: string;
}

export type CandidateCommand =
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'stop' | 'start' | 'stepDown' | 'end' };

/** What a candidate process tells its parent. */
export type Notice = { readonly heard: 'elected' | 'unelected'; readonly election: string; readonly at: number };

export function electionsOf({ shards }: Profile, run: string): string[] {
  return [mainElection(run), ...Array.from({ length: shards }, (_, i) => `${run}/shard-${i}`)];
}

export function poolOf(run: string): string {
  return `${run}/pool`;
}

/** What the elections of the pool's partitions begin with. */
export function ownersOf(run: string): string {
  return `${poolOf(run)}/owners/`;
}

export function partitionElections(run: string): string[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => `${ownersOf(run)}${partition}`);
}

export function mainElection(run: string): string {
  return `${run}/main`;
}

/** The prefix of committed guarded writes. The rest of the key is `<election>/<token>/<which>`. */
export function journalPrefix(run: string): string {
  return `${run}-journal/`;
}
