import { rmSync } from 'node:fs';
import { SOON, until } from '../wait.js';
import { composeUp } from './compose.js';
import { type EtcdServer, findEtcd } from './etcd-server.js';
import type { TlsFiles } from './http.js';
import { logFolder } from './log-folder.js';
import { MemberProcess } from './member.js';
import { createFolder, reap, sweep } from './orphans.js';
import { freePorts, reserve } from './ports.js';
import { watchOver } from './watchdog.js';

const PORT_CONFLICT = /address already in use/;
const TRIES = 5;

export interface ClusterOptions {
  /** @default 3 */
  readonly members?: number;
  /** More flags for etcd, such as `--quota-backend-bytes=…`. The last flag of a name counts. */
  readonly flags?: readonly string[];
  /** Seconds that an authentication token of etcd lives. @default 300, as in etcd */
  readonly authTokenTtl?: number;
  /** Clients must use TLS. Members speak without TLS among themselves. */
  readonly tls?: TlsFiles;
  /** The etcd program of all members. @default what `findEtcd()` finds */
  readonly bin?: string;
  /** False leaves the clean-up after a killed process to the next run. @default true */
  readonly watchdog?: boolean;
}

/**
 * A local etcd cluster in a folder of its own, on free ports of 127.0.0.1, with etcd's default timings. It never
 * outlives the process that started it, not even one that is killed.
 *
 * @example
 * ```ts
 * const cluster = tracked(await Cluster.start({ members: 3 }));
 * const client = createClient({ hosts: [...cluster.hosts] });
 * await (await cluster.raftLeader()).kill();
 * ```
 */
export class Cluster {
  readonly hosts: readonly string[];
  /** Empty when the cluster is not ours. */
  readonly members: readonly MemberProcess[];
  /** Members can be stopped, killed and paused. False with `ETCD_ENDPOINTS` and Docker Compose. */
  readonly own: boolean;
  readonly #release: () => Promise<void>;

  private constructor(hosts: readonly string[], members: readonly MemberProcess[], release: () => Promise<void>) {
    this.hosts = hosts;
    this.members = members;
    this.own = members.length > 0;
    this.#release = release;
  }

  /** Resolves when every member is healthy. With `ETCD_ENDPOINTS` it starts nothing and uses that cluster. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const server: EtcdServer | undefined =
      options.bin === undefined ? await findEtcd() : { kind: 'program', bin: options.bin, version: '' };
    if (server === undefined) throw new Error('no etcd server: run `npm run setup` first');
    if (server.kind === 'endpoints') return new Cluster(server.hosts, [], async () => {});
    if (server.kind === 'compose') {
      const { hosts, down } = await composeUp();
      return new Cluster(hosts, [], down);
    }
    sweep();
    for (let tries = 1; ; tries++) {
      const folder = createFolder('cluster');
      const dismiss = options.watchdog === false ? undefined : watchOver(folder);
      const onExit = (): void => reap(folder);
      process.once('exit', onExit);
      const members = await layOut(server.bin, folder, options);
      const release = async (): Promise<void> => {
        await Promise.all(members.map((member) => member.kill()));
        rmSync(folder, { recursive: true, force: true });
        dismiss?.();
        process.removeListener('exit', onExit);
      };
      try {
        for (const member of members) member.launch();
        await Promise.all(members.map((member) => member.healthy()));
        return new Cluster(
          members.map((member) => member.host),
          members,
          release,
        );
      } catch (err) {
        const conflict = members.some((member) => !member.alive && PORT_CONFLICT.test(member.logExcerpt()));
        await release();
        if (!conflict || tries === TRIES) throw err;
      }
    }
  }

  /** The member that leads at the moment, once one does. */
  async raftLeader(within = SOON): Promise<MemberProcess> {
    const leading = async (): Promise<MemberProcess | undefined> => {
      const leads = await Promise.all(this.members.map((member) => member.isRaftLeader()));
      const leaders = this.members.filter((_, i) => leads[i]);
      return leaders.length === 1 ? leaders[0] : undefined; // two: one of them does not know yet that it was deposed
    };
    return await until(leading, { within, what: 'a raft leader' });
  }

  /** Resolves when every running member is healthy. */
  async healthy(): Promise<void> {
    const running = this.members.filter((member) => member.alive && !member.paused);
    await Promise.all(running.map((member) => member.healthy()));
  }

  /** Stops every member and then starts every member. The data is kept. */
  async restart(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    for (const member of this.members) member.launch();
    await this.healthy();
  }

  /** Ends the members and removes their folder. May be called again. */
  async stop(): Promise<void> {
    await this.#release();
  }
}

async function layOut(bin: string, folder: string, options: ClusterOptions): Promise<MemberProcess[]> {
  const { members: count = 3, authTokenTtl, tls, flags = [] } = options;
  const ports = await freePorts(2 * count);
  reserve(folder, ports);
  const logs = logFolder(folder);
  const names = Array.from({ length: count }, (_, i) => `m${i + 1}`);
  const clientUrl = (i: number): string => `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ports[i]}`;
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[count + i]}`;
  const common = [
    `--initial-cluster=${names.map((name, i) => `${name}=${peerUrl(i)}`).join(',')}`,
    `--initial-cluster-token=${folder}`,
    '--logger=zap',
    '--log-level=warn',
    ...(authTokenTtl === undefined ? [] : [`--auth-token-ttl=${authTokenTtl}`]),
    ...(tls === undefined ? [] : [`--cert-file=${tls.cert}`, `--key-file=${tls.key}`]),
    ...(tls?.clientAuth === true ? ['--client-cert-auth', `--trusted-ca-file=${tls.ca}`] : []),
    ...flags,
  ];
  const members: MemberProcess[] = names.map((name, i): MemberProcess => {
    const hasMajority = (): boolean => members.filter((m) => m.alive && !m.paused).length > count / 2;
    const urls = { clientUrl: clientUrl(i), peerUrl: peerUrl(i) };
    return new MemberProcess({ name, bin, folder, logs, ...urls, flags: common, tls, hasMajority });
  });
  return members;
}
