import { aptInstall, stopService } from './apt.js';
import { composePull, composeUsable } from './compose.js';
import { fetchPackages } from './debian-packages.js';
import { type EtcdServer, findEtcd } from './etcd-server.js';
import { buildWithGo } from './go-build.js';
import { get } from './http.js';
import { fetchArchive } from './release-archive.js';
import { runCommand } from './run.js';

const INSTALLS_WITHIN = 10 * 60_000;

/** A way to get an etcd server. `tried` resolves with why it failed, or with undefined when it succeeded. */
interface Way {
  readonly advice: string;
  tried(say: (line: string) => void): Promise<string | undefined>;
}

/** What is quickest to have goes first. */
const ANY_RELEASE: readonly Way[] = [
  { advice: "a release archive from etcd's page", tried: (say) => fetchArchive(undefined, say) },
  { advice: 'Debian, Ubuntu: apt-get install etcd-server', tried: aptGet },
  { advice: 'Homebrew: brew install etcd', tried: brew },
  { advice: 'Go, to build it', tried: (say) => buildWithGo('3.6', say) },
  { advice: 'Docker Compose, with an engine that runs', tried: docker },
];

function waysTo(release: string): readonly Way[] {
  return [
    { advice: "its archive from etcd's page", tried: (say) => fetchArchive(release, say) },
    { advice: 'Go, to build it', tried: (say) => buildWithGo(release, say) },
    { advice: 'packages of Debian or Ubuntu', tried: (say) => fetchPackages(release, say) },
  ];
}

/**
 * Finds an etcd server, or fetches one; nothing is asked of the network when one is found.
 *
 * @param say is told what is being fetched
 * @throws with all the ways to get one, when none worked
 */
export async function ensureEtcd(
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<EtcdServer> {
  const found = await findEtcd(env);
  if (found?.kind === 'endpoints') await assertAnswering(found.hosts);
  if (found !== undefined) return found;

  const { ETCD_VERSION: wanted } = env;
  const reasons: string[] = [];
  for (const way of wanted ? waysTo(wanted) : ANY_RELEASE) {
    const reason = await way.tried(say);
    if (reason === undefined) {
      const fetched = await findEtcd(env);
      if (fetched !== undefined) return fetched;
    }
    reasons.push(`${way.advice} (${reason ?? 'done, but no etcd 3.4 or later came of it'})`);
  }
  if (wanted)
    throw new Error(`etcd ${wanted} is neither on the PATH nor kept, and cannot be had: ${reasons.join('; ')}`);
  throw new Error(
    [
      'no etcd server was found, and none could be installed. Any one of these will do:',
      '  - ETCD_ENDPOINTS=http://127.0.0.1:2379,…: a cluster that runs',
      '  - ETCD_BIN=/path/to/etcd: an etcd server, 3.4 or later',
      '  - etcd on the PATH',
      ...reasons.map((reason) => `  - ${reason}`),
    ].join('\n'),
  );
}

async function assertAnswering(hosts: readonly string[]): Promise<void> {
  const answers = hosts.map(async (host) => (host.startsWith('https:') ? '' : await get(`${host}/health`)));
  await Promise.any(answers).catch(({ errors }: AggregateError) => {
    throw new Error(`no etcd answers at \`ETCD_ENDPOINTS\`, ${hosts.join(', ')}: ${errors.map(String).join('; ')}`);
  });
}

async function aptGet(say: (line: string) => void): Promise<string | undefined> {
  const reason = await aptInstall('etcd-server', say);
  if (reason !== undefined) return reason;
  // The package may start a service on etcd's standard port. The service was not there before, so it can be stopped.
  await stopService('etcd');
  return undefined;
}

async function brew(say: (line: string) => void): Promise<string | undefined> {
  if (!(await runCommand('brew', ['--version'])).ok) return 'no brew here';
  say('etcd: brew install etcd');
  const { ok, output } = await runCommand('brew', ['install', 'etcd'], { within: INSTALLS_WITHIN });
  return ok ? undefined : `failed: ${lastLine(output)}`;
}

async function docker(say: (line: string) => void): Promise<string | undefined> {
  const unusable = await composeUsable();
  if (unusable !== undefined) return unusable;
  say('etcd: docker compose pull');
  await composePull();
  return undefined;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
