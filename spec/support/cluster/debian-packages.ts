import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepRelease, keptFolder } from './kept.js';
import { newestOf } from './release.js';
import { runCommand } from './run.js';

const FETCHES_WITHIN = 5 * 60_000;
/** The suites of Debian that have a release of etcd which the others have not. */
const SUITES = ['bookworm', 'trixie', 'sid'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const PACKAGES = ['etcd-server', 'etcd-client'];

type Apt = (command: string, ...args: readonly string[]) => ReturnType<typeof runCommand>;

/**
 * Takes etcd from this system's packages, or on Debian from those of any suite. Nothing of the system changes: packages
 * are unpacked, not installed, and for other suites apt has a folder and sources of its own. Needs no root.
 */
export async function fetchPackages(wanted: string, say: (line: string) => void): Promise<string | undefined> {
  if (!(await runCommand('dpkg', ['--version'])).ok) return 'no packages of Debian here';
  mkdirSync(keptFolder(), { recursive: true });
  const home = mkdtempSync(join(keptFolder(), 'apt-'));
  const options = { cwd: home, within: FETCHES_WITHIN };
  try {
    const own: Apt = (command, ...args) => runCommand(command, args, options);
    const ownVersions = await versionsOf(own);
    if (newestOf([...ownVersions.keys()], wanted) !== undefined) return await take(own, ownVersions, wanted, home, say);
    const mirror = await findMirror();
    if (mirror === undefined) return `this system has ${listed(ownVersions)}`;
    const settings = layOut(home, mirror);
    const others: Apt = (command, ...args) => runCommand(command, [...settings, ...args], options);
    const updated = await others('apt-get', 'update');
    if (!updated.ok) return `apt-get update failed: ${lastLine(updated.output)}`;
    return await take(others, await versionsOf(others), wanted, home, say);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function take(
  apt: Apt,
  versions: ReadonlyMap<string, string>,
  wanted: string,
  home: string,
  say: (line: string) => void,
): Promise<string | undefined> {
  const release = newestOf([...versions.keys()], wanted);
  if (release === undefined) return `Debian has ${listed(versions)}`;
  const version = versions.get(release) ?? '';
  say(`etcd ${release}: the packages ${version}`);
  return await keepRelease(release, (folder) => unpack(apt, version, home, folder));
}

function listed(versions: ReadonlyMap<string, string>): string {
  return versions.size === 0 ? 'no package of etcd' : `etcd ${[...versions.keys()].join(', ')} only`;
}

/** The address from which this machine has its own packages, if it is a Debian. */
async function findMirror(): Promise<string | undefined> {
  if (!existsSync(KEYRING)) return undefined;
  const { ok, output } = await runCommand('apt-get', [
    'indextargets',
    '--format',
    '$(LABEL) $(REPO_URI)',
    'Created-By: Packages',
  ]);
  return ok ? /^Debian (\S+)$/m.exec(output)?.[1] : undefined;
}

/** Lays out what apt needs to know the packages of all suites; resolves with the options that tell apt so. */
function layOut(home: string, mirror: string): string[] {
  for (const folder of ['etc', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  const sources = SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  writeFileSync(join(home, 'etc', 'sources.list'), sources.join(''));
  return [
    `Dir::Etc=${join(home, 'etc')}`,
    `Dir::State=${join(home, 'state')}`,
    `Dir::Cache=${join(home, 'cache')}`,
    'Dir::State::status=/dev/null', // what is installed does not matter
    'Acquire::Languages=none',
    'APT::Sandbox::User=root', // the user of apt's own may not write here
  ].flatMap((setting) => ['-o', setting]);
}

/** Versions of the package, by release. */
async function versionsOf(apt: Apt): Promise<Map<string, string>> {
  const { output } = await apt('apt-cache', 'madison', 'etcd-server');
  const versions = [...output.matchAll(/^\s*etcd-server \|\s*(\S+) \|/gm)].map(([, version = '']) => version);
  return new Map(versions.map((version) => [/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? '', version]));
}

async function unpack(apt: Apt, version: string, home: string, folder: string): Promise<string | undefined> {
  const { ok, output } = await apt('apt-get', 'download', ...PACKAGES.map((name) => `${name}=${version}`));
  if (!ok) return `apt-get download failed: ${lastLine(output)}`;
  for (const file of readdirSync(home).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await runCommand('dpkg', ['-x', join(home, file), join(folder, 'unpacked')]);
    if (!unpacked.ok) return `dpkg failed: ${lastLine(unpacked.output)}`;
  }
  for (const program of ['etcd', 'etcdctl', 'etcdutl']) {
    const unpacked = join(folder, 'unpacked', 'usr', 'bin', program);
    if (program !== 'etcdutl' || existsSync(unpacked)) renameSync(unpacked, join(folder, program)); // since 3.5
  }
  rmSync(join(folder, 'unpacked'), { recursive: true });
  return undefined;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
