import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { createClient } from '../../lib/index.js';
import { Cluster } from '../support/cluster/cluster.js';
import type { MemberProcess } from '../support/cluster/member.js';
import { ChaosCandidate } from './candidate/candidate-process.js';
import { electionsOf, mainElection, ownersOf, PROFILES, partitionElections } from './candidate/profile.js';
import { Log } from './log/log.js';
import type { Upgrade } from './upgrade.js';

/** All parts of a run: the cluster, the candidates, a client that goes past the proxies, and the nemesis' own log. */
export class ChaosWorld {
  readonly run: string;
  readonly cluster: Cluster;
  readonly candidates: readonly ChaosCandidate[];
  readonly client: Etcd3;
  readonly log: Log;
  readonly elections: readonly string[];
  readonly #upgrade: Upgrade | undefined;
  readonly #onExit: () => void;
  readonly #later = new Set<Promise<void>>();

  private constructor(
    run: string,
    folder: string,
    cluster: Cluster,
    candidates: readonly ChaosCandidate[],
    upgrade: Upgrade | undefined,
  ) {
    this.run = run;
    this.#upgrade = upgrade;
    this.cluster = cluster;
    this.candidates = candidates;
    this.client = createClient({ hosts: [...cluster.hosts] });
    this.log = new Log(join(folder, 'nemesis.log'));
    const elections = new Set(PROFILES.flatMap((profile) => electionsOf(profile, run)));
    this.elections = [...elections, ...partitionElections(run)];
    this.#onExit = () => {
      for (const candidate of candidates) candidate.abandon();
    };
    process.once('exit', this.#onExit);
  }

  /** @param upgrade the releases that the cluster goes through */
  static async start(folder: string, upgrade?: Upgrade): Promise<ChaosWorld> {
    const { first: bin, flags } = upgrade ?? {};
    const cluster = await Cluster.start({ members: 3, ...(bin !== undefined && { bin, flags: flags ?? [] }) });
    const run = `chaos-${process.pid}-${Date.now().toString(36)}`;
    const candidates = await Promise.all(
      PROFILES.map((profile) => ChaosCandidate.start(profile, cluster.hosts, folder, run)),
    );
    return new ChaosWorld(run, folder, cluster, candidates, upgrade);
  }

  /** The candidate that leads the main election, as far as candidates have told: the one elected last. */
  get leader(): ChaosCandidate | undefined {
    const main = mainElection(this.run);
    const since = (candidate: ChaosCandidate): number => candidate.leads.get(main) ?? 0;
    return this.candidates.filter((c) => c.leads.has(main)).sort((a, b) => since(b) - since(a))[0];
  }

  /** Starts a member that was stopped, as the next release when it is its turn. */
  async comeBack(member: MemberProcess): Promise<void> {
    if (!member.alive) await this.#upgrade?.next(member, this.cluster.members);
    member.launch();
  }

  /** Goes on beside the faults, and ends before the log does. Never rejects. */
  later(work: Promise<void>): void {
    this.#later.add(work);
    void work.finally(() => this.#later.delete(work));
  }

  /** Whether every election is led by a process that runs. */
  get allLed(): boolean {
    const led = new Set(this.candidates.filter((c) => c.running).flatMap((c) => [...c.leads.keys()]));
    return this.elections.every((election) => led.has(election));
  }

  /** The workers of the pool. */
  get workers(): readonly ChaosCandidate[] {
    return this.candidates.filter(({ profile }) => profile.pool);
  }

  /** Whether the workers have told that their shares differ by one partition at the most. */
  get isBalanced(): boolean {
    const owners = ownersOf(this.run);
    const shares = this.workers.map(({ leads }) => [...leads.keys()].filter((name) => name.startsWith(owners)).length);
    return Math.max(...shares) - Math.min(...shares) <= 1;
  }

  async close(): Promise<void> {
    await Promise.all(this.candidates.map((candidate) => candidate.end()));
    await Promise.all(this.#later);
    this.client.close();
    this.log.close();
    await this.cluster.stop();
    process.off('exit', this.#onExit);
  }
}
