import { dirname, join } from 'node:path';
import { aptInstall } from './apt.js';
import { run } from './run.js';

/** Commands that some specs run beside etcd. */
const TOOLS = {
  etcdctl: { version: ['version'], debian: 'etcd-client', needs: 'the specs beside other clients' },
  openssl: { version: ['version'], debian: 'openssl', needs: 'the specs of client certificates' },
} as const;

export type Tool = keyof typeof TOOLS;

/**
 * How to call the command: by its name, or by its path beside `ETCD_BIN`.
 *
 * @throws when there is none
 */
export async function findTool(name: Tool): Promise<string> {
  const found = await lookFor(name);
  if (found !== undefined) return found;
  const { debian, needs } = TOOLS[name];
  throw new Error(
    `${needs} run \`${name}\`, and there is none on the PATH or beside \`ETCD_BIN\`. Debian, Ubuntu: apt-get install ${debian}; Homebrew's etcd has etcdctl, and so has every release of etcd`,
  );
}

/** Installs what is missing, where that can be done; says what could not, which fails the specs concerned and no others. */
export async function ensureTools(say: (line: string) => void): Promise<void> {
  for (const name of Object.keys(TOOLS) as Tool[]) {
    if ((await lookFor(name)) !== undefined) continue;
    const { debian, needs } = TOOLS[name];
    const reason = await aptInstall(debian, say);
    if (reason !== undefined) say(`no ${name} (${reason}): ${needs} will fail`);
  }
}

async function lookFor(name: Tool, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const beside = env.ETCD_BIN ? [join(dirname(env.ETCD_BIN), name)] : [];
  for (const command of [...beside, name]) {
    const { ok } = await run(command, TOOLS[name].version, { env: { ...env, ETCDCTL_API: '3' } });
    if (ok) return command;
  }
  return undefined;
}
