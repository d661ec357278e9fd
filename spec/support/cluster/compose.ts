import { fileURLToPath } from 'node:url';
import * as dockerCompose from 'docker-compose';
import { localImage } from './compose-image.js';
import { get } from './http.js';
import { runCommand } from './run.js';

/** The ports that docker-compose.yml publishes, by service. */
export const SERVICES = {
  etcd1: 'http://127.0.0.1:2379',
  etcd2: 'http://127.0.0.1:22379',
  etcd3: 'http://127.0.0.1:32379',
} as const;

export type Service = keyof typeof SERVICES;

const FOLDER = fileURLToPath(new URL('../../../..', import.meta.url));
const STARTS_WITHIN = 60_000;

/**
 * How Compose is called. Compose v2 is a plugin of docker, and v1 is a program of its own. Undefined when neither is
 * there.
 */
async function executable(): Promise<dockerCompose.IDockerComposeExecutableOptions | undefined> {
  if ((await runCommand('docker', ['compose', 'version'])).ok) return { executablePath: 'docker' };
  return (await runCommand('docker-compose', ['version'])).ok ? { standalone: true } : undefined;
}

async function options(extra: readonly string[] = []): Promise<dockerCompose.IDockerComposeOptions> {
  const found = await executable();
  if (found === undefined) throw new Error('Docker Compose is not installed');
  return { cwd: FOLDER, executable: found, env: process.env, commandOptions: [...extra] };
}

/** Resolves with undefined when Docker Compose can be used, and else with why not. */
export async function composeUsable(): Promise<string | undefined> {
  if (!(await runCommand('docker', ['--version'])).ok) return 'docker is not installed';
  if ((await executable()) === undefined) return 'Docker Compose is not installed, neither v2 nor v1';
  if (!(await runCommand('docker', ['info'])).ok) return 'no Docker engine answers';
  return undefined;
}

/** Resolves with true when nothing has to be fetched. */
export async function composeReady(): Promise<boolean> {
  return (await composeUsable()) === undefined && (await localImage()) !== undefined;
}

/** Fetches the image when it is not there yet. */
export async function composePull(): Promise<void> {
  if ((await localImage()) !== undefined) return;
  await orThrow(dockerCompose.pullAll(await options(['--quiet'])));
}

/** Starts the three members, unless they run. `down` ends what this call has started, and deletes the data. */
export async function composeUp(): Promise<{ readonly hosts: readonly string[]; down(): Promise<void> }> {
  const before = await orThrow(dockerCompose.ps(await options(['--quiet'])));
  const ours = before.out.trim() === '';
  const down = async (): Promise<void> => {
    if (ours) await orThrow(dockerCompose.downAll(await options(['--volumes'])));
  };
  try {
    await orThrow(dockerCompose.upAll(await options()));
    await Promise.all(Object.values(SERVICES).map(healthy));
  } catch (err) {
    await down();
    throw err;
  }
  return { hosts: Object.values(SERVICES), down };
}

export async function composeKill(service: Service): Promise<void> {
  await orThrow(dockerCompose.execCompose('kill', [service], await options()));
}

export async function composePause(service: Service): Promise<void> {
  await orThrow(dockerCompose.pauseOne(service, await options()));
}

export async function composeUnpause(service: Service): Promise<void> {
  await orThrow(dockerCompose.unpauseOne(service, await options()));
}

/** Starts a member that was killed; resolves when it answers. */
export async function composeStart(service: Service): Promise<void> {
  await orThrow(dockerCompose.upOne(service, await options()));
  await healthy(SERVICES[service]);
}

async function healthy(host: string): Promise<void> {
  const end = performance.now() + STARTS_WITHIN;
  for (;;) {
    const answer = await get(`${host}/health`).catch((err: Error) => err.message);
    if (/"health" ?: ?"?true/.test(answer)) return;
    if (performance.now() > end) throw new Error(`${host} is not healthy after ${STARTS_WITHIN} ms: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The package rejects with a plain object that holds what Compose has printed. */
async function orThrow<T extends dockerCompose.IDockerComposeResult>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (err) {
    const { err: said = String(err) } = err as Partial<dockerCompose.IDockerComposeResult>;
    throw new Error(`Docker Compose failed: ${said.trim()}`);
  }
}
