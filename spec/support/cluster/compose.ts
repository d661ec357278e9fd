import { fileURLToPath } from 'node:url';
import { run } from './run.js';

/** The ports that docker-compose.yml publishes. */
const HOSTS = ['http://127.0.0.1:2379', 'http://127.0.0.1:22379', 'http://127.0.0.1:32379'];
const FILE = fileURLToPath(new URL('../../../../docker-compose.yml', import.meta.url));
const PULLS_WITHIN = 10 * 60_000;

function compose(...args: readonly string[]): ReturnType<typeof run> {
  return run('docker', ['compose', '--file', FILE, ...args], { within: PULLS_WITHIN });
}

/** Undefined when Docker Compose can be used; else why not. */
export async function composeUsable(): Promise<string | undefined> {
  if (!(await run('docker', ['--version'])).ok) return 'docker is not installed';
  if (!(await run('docker', ['compose', 'version'])).ok) return 'docker has no compose plugin';
  if (!(await run('docker', ['info'])).ok) return 'no Docker engine answers';
  return undefined;
}

/** True when nothing has to be fetched. */
export async function composeReady(): Promise<boolean> {
  if ((await composeUsable()) !== undefined) return false;
  const { ok, output } = await compose('config', '--images');
  const images = new Set(output.split('\n'));
  return ok && (await run('docker', ['image', 'inspect', ...images])).ok;
}

/** Fetches the image when it is not there yet. */
export async function composePull(): Promise<void> {
  const { ok, output } = await compose('pull', '--quiet', '--policy', 'missing');
  if (!ok) throw new Error(`docker compose pull failed: ${output}`);
}

/** Starts the three members, unless they run. `down` ends what this call has started. */
export async function composeUp(): Promise<{ readonly hosts: readonly string[]; down(): Promise<void> }> {
  const before = await compose('ps', '--quiet');
  const { ok, output } = await compose('up', '--detach', '--wait');
  if (!ok) throw new Error(`docker compose up failed: ${output}`);
  const ours = before.output === '';
  return {
    hosts: HOSTS,
    down: async () => {
      if (ours) await compose('down', '--volumes');
    },
  };
}
