import { runCommand } from './run.js';

/** The releases from which on an answer of etcd is never older than what etcd has answered before, by line. */
const FRESH_READS_SINCE: Readonly<Record<string, number>> = { '3.4': 42, '3.5': 28, '3.6': 9 };

/**
 * What `ETCD_VERSION` may be: a release such as `3.5.16`, or a line such as `3.5`, which asks for its newest release.
 */
export function assertRelease(wanted: string): void {
  if (/^3\.\d+(\.\d+)?$/.test(wanted) && compareReleases(wanted, '3.4') >= 0) return;
  throw new Error(`\`ETCD_VERSION\` must be a release of etcd, 3.4 or later, such as 3.6 or 3.6.14; got ${wanted}`);
}

/** Whether the release is the wanted one, or one of the wanted line. */
export function fits(release: string, wanted: string | undefined): boolean {
  return wanted === undefined || release === wanted || release.startsWith(`${wanted}.`);
}

/** Negative when `a` is older than `b`. A line counts as its first release. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) => release.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest of these releases that fits. */
export function newestOf(releases: readonly string[], wanted: string | undefined): string | undefined {
  return [...releases]
    .filter((release) => fits(release, wanted))
    .sort(compareReleases)
    .at(-1);
}

/** What is known against the release, for whoever reads the results of a run on it. */
export function warningOf(release: string): string | undefined {
  const [major, minor, patch] = release.split('.');
  const since = FRESH_READS_SINCE[`${major}.${minor}`];
  if (since === undefined || Number(patch) >= since) return undefined;
  return (
    `warning: etcd ${release} can answer a read with what was true before (etcd issues 21375, 20418); ` +
    `${major}.${minor}.${since} does not`
  );
}

/** The release of the server `bin`, 3.4 or later; undefined when the program is something else. */
export async function releaseOf(bin: string): Promise<string | undefined> {
  const { ok, output } = await runCommand(bin, ['--version']);
  const [, release] = /^etcd Version: (\d+\.\d+\.\d+)/m.exec(output) ?? [];
  return ok && release !== undefined && compareReleases(release, '3.4') >= 0 ? release : undefined;
}
