import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepRelease } from './kept.js';
import { newestOf } from './release.js';
import { runCommand } from './run.js';

const ANSWERS_WITHIN = 10_000;
const COMES_WITHIN = 5 * 60_000;

type Platform = 'linux-amd64' | 'linux-arm64';

/**
 * SHA256 of release archives, as kubernetes-sigs/kubespray records them (commit 46dbdd3 of August 2026). Nothing is
 * fetched that is not in this list. There is no 3.4 and no 3.7 in it, since no record of those has been read yet.
 */
const CHECKSUMS: Readonly<Record<string, Readonly<Record<Platform, string>>>> = {
  '3.5.16': {
    'linux-amd64': 'b414b27a5ad05f7cb01395c447c85d3227e3fb1c176e51757a283b817f645ccc',
    'linux-arm64': '8e68c55e6d72b791a9e98591c755af36f6f55aa9eca63767822cd8a3817fdb23',
  },
  '3.5.33': {
    'linux-amd64': '5025b5b24d81a9616b6e284ccd439b9a3df055ef8fdcdc142af3ec8f6a3b3c95',
    'linux-arm64': '0764c5c0acef155f4bfa0487791cc5776adef66315bf16ec0653883bfd463a90',
  },
  '3.6.14': {
    'linux-amd64': 'ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5',
    'linux-arm64': 'fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e',
  },
};

/** Fetches the newest listed archive that fits from etcd's page of releases, and keeps its programs. */
export async function fetchArchive(
  wanted: string | undefined,
  say: (line: string) => void,
): Promise<string | undefined> {
  const release = newestOf(Object.keys(CHECKSUMS), wanted);
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const checksum = release === undefined ? undefined : CHECKSUMS[release]?.[platform as Platform];
  if (release === undefined || checksum === undefined) {
    return `no checksum of an archive of etcd ${wanted ?? ''} for ${platform} is known`;
  }
  const name = `etcd-v${release}-${platform}`;
  say(`etcd ${release}: the release archive`);
  return await keepRelease(release, async (folder) => {
    const archive = await download(`https://github.com/etcd-io/etcd/releases/download/v${release}/${name}.tar.gz`);
    if (typeof archive === 'string') return archive;
    const got = createHash('sha256').update(archive).digest('hex');
    if (got !== checksum) return `its SHA256 must be ${checksum}; got ${got}`;
    const file = join(folder, 'archive');
    writeFileSync(file, archive);
    const members = ['etcd', 'etcdctl', 'etcdutl'].map((program) => `${name}/${program}`);
    const { ok, output } = await runCommand('tar', ['-xzf', file, '-C', folder, '--strip-components=1', ...members]);
    return ok ? undefined : `tar: ${output}`;
  });
}

/** The body, or why there is none. */
async function download(url: string): Promise<Buffer | string> {
  const over = new AbortController();
  const patience = setTimeout(() => over.abort(new Error('no answer')), ANSWERS_WITHIN);
  try {
    const response = await fetch(url, { signal: over.signal });
    if (!response.ok) return `${url} answers ${response.status}`;
    clearTimeout(patience);
    const rest = setTimeout(() => over.abort(new Error('it takes too long')), COMES_WITHIN);
    try {
      return Buffer.from(await response.arrayBuffer());
    } finally {
      clearTimeout(rest);
    }
  } catch (err) {
    const { message, cause } = err as Error;
    return `${new URL(url).host} cannot be reached: ${cause instanceof Error ? cause.message : message}`;
  } finally {
    clearTimeout(patience);
  }
}
