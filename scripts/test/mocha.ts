import { describeServer, type EtcdServer, findEtcd } from '../../spec/support/cluster/etcd-server.js';
import { runCommand } from '../../spec/support/cluster/run.js';
import { ensureServers } from '../../spec/support/cluster/tools.js';
import type { Stage } from './stage.js';

export const MOCHA = 'mocha/bin/mocha.js';
export const REPORTER = ['--reporter', 'dist/spec/support/reporter.js'];

/** Runs specs. The developer's own options come last, so that they win. */
export function mocha(stage: Stage, ...specs: readonly string[]): Promise<boolean> {
  return stage.tool(MOCHA, ...REPORTER, ...specs, ...stage.mochaArgs);
}

/** The folders of specs that kill members, or start them with other flags. */
const CLUSTERS_OF_THEIR_OWN = ['faults', 'security'];

/** Runs specs on the etcd that was found. Without a program of our own, faults cannot be made. */
export async function mochaOnEtcd(stage: Stage, folder: string, ...options: readonly string[]): Promise<boolean> {
  const server = await serverFor(stage);
  const specs = [`${folder}/**/*.spec.js`, ...options];
  if (server.kind === 'program') return await mocha(stage, ...specs);
  stage.say('   without the specs of faults and of security: they need clusters of their own');
  return await mocha(stage, ...specs, ...without(folder, CLUSTERS_OF_THEIR_OWN));
}

/** Runs those of the specs that share a cluster. */
export async function mochaOnSharedCluster(stage: Stage, folder: string): Promise<boolean> {
  await serverFor(stage);
  return await mocha(stage, `${folder}/**/*.spec.js`, ...without(folder, CLUSTERS_OF_THEIR_OWN));
}

/** Runs those of the specs that need a program of our own. */
export async function mochaOnOwnClusters(stage: Stage, folder: string): Promise<boolean> {
  const server = await serverFor(stage);
  if (server.kind === 'program') {
    return await mocha(stage, ...CLUSTERS_OF_THEIR_OWN.map((part) => `${folder}/${part}/*.spec.js`));
  }
  stage.leaveOut('its specs need clusters of their own');
  return true;
}

async function serverFor(stage: Stage): Promise<EtcdServer> {
  const server = await findEtcd();
  if (server === undefined) throw new Error('no etcd server: run `npm run setup`');
  for (const line of await describeServer(server)) stage.say(`   ${line}`);
  return server;
}

function without(folder: string, parts: readonly string[]): string[] {
  return parts.flatMap((part) => ['--ignore', `${folder}/${part}/**`]);
}

export async function mochaOnContainers(stage: Stage): Promise<boolean> {
  const integration = await mochaOnEtcd(stage, 'dist/spec/integration');
  return (await mocha(stage, 'dist/spec/compose/*.spec.js')) && integration;
}

/** The specs of queues, on Redis and PostgreSQL. What is missing is installed, where that can be done. */
export async function mochaOnQueues(stage: Stage): Promise<boolean> {
  const reason = await ensureServers((line) => stage.say(`   ${line}`));
  if (reason === undefined) return await mochaOnEtcd(stage, 'dist/spec/queues');
  stage.leaveOut(reason);
  return !stage.isAskedFor;
}

/** The specs of the tarball. Some of them install what users have beside it, which takes a registry that answers. */
export async function mochaOnPackage(stage: Stage): Promise<boolean> {
  const specs = ['dist/spec/package/*.spec.js', '--timeout', '300000'];
  const asked = await runCommand('npm', ['view', 'etcd3', 'version', '--prefer-online', '--fetch-retries=0']);
  if (asked.ok) return await mocha(stage, ...specs, 'dist/spec/package/online/*.spec.js');
  stage.say('   without Jest, ts-jest, vitest, esbuild, pnpm and git: the registry of npm does not answer');
  return await mocha(stage, ...specs);
}
