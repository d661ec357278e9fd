import { runCommand } from './run.js';

const INSTALLS_WITHIN = 10 * 60_000;

/** Installs a package of Debian's. Resolves with why that failed, or with undefined when it succeeded. */
export async function aptInstall(name: string, say: (line: string) => void): Promise<string | undefined> {
  if (!(await runCommand('apt-get', ['--version'])).ok) return 'no apt-get here';
  if (!isRoot() && !(await runCommand('sudo', ['-n', 'true'])).ok) return 'needs root, or sudo without a password';
  const apt = (...args: readonly string[]): ReturnType<typeof runCommand> =>
    asRoot('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120', ...args);
  say(`apt-get install ${name}`);
  const install = ['install', '--yes', '--no-install-recommends', name];
  let installed = await apt(...install);
  if (!installed.ok) {
    const updated = await apt('update');
    if (!updated.ok) return `apt-get update failed: ${lastLine(updated.output)}`;
    installed = await apt(...install);
  }
  return installed.ok ? undefined : `failed: ${lastLine(installed.output)}`;
}

/** Ends the service that a package has just started, and lets it not start again. */
export async function stopService(name: string): Promise<void> {
  const { ok } = await asRoot('systemctl', 'disable', '--now', name);
  if (!ok) await asRoot('service', name, 'stop'); // there is no systemd, as in a container
}

export function asRoot(...command: readonly string[]): ReturnType<typeof runCommand> {
  const [program = '', ...args] = isRoot() ? command : ['sudo', '-n', ...command];
  return runCommand(program, args, { within: INSTALLS_WITHIN });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
