import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run.js';

const FILE = fileURLToPath(new URL('../../../../docker-compose.yml', import.meta.url));
const PULLS_WITHIN = 5 * 60_000;
const NAME = 'etcd-leader-etcd:local';

/** The image that docker-compose.yml uses, if it is on this machine already. */
export async function localImage(): Promise<string | undefined> {
  const image = process.env.ETCD_IMAGE ?? defaultImage();
  return (await runCommand('docker', ['image', 'inspect', image])).ok ? image : undefined;
}

/** What docker-compose.yml uses when `ETCD_IMAGE` is not set. */
function defaultImage(): string {
  const [, image] = /\$\{ETCD_IMAGE:-([^}]+)\}/.exec(readFileSync(FILE, 'utf8')) ?? [];
  if (image === undefined) throw new Error('docker-compose.yml names no default for ETCD_IMAGE');
  return image;
}

/**
 * Sets `ETCD_IMAGE` to an image to run the cluster from: the image on this machine, or an image that can be fetched,
 * or, where no registry can be reached, an image made of the machine's own etcd and etcdctl.
 */
export async function ensureImage(say: (line: string) => void): Promise<void> {
  const wanted = process.env.ETCD_IMAGE ?? defaultImage();
  if (
    (await localImage()) === undefined &&
    !(await runCommand('docker', ['pull', wanted], { within: PULLS_WITHIN })).ok
  ) {
    if (process.env.ETCD_IMAGE !== undefined) throw new Error(`\`ETCD_IMAGE\`: ${wanted} cannot be had`);
    say(`${wanted} cannot be fetched: making an image of the etcd on this machine`);
    process.env.ETCD_IMAGE = await makeImage();
  }
}

/** Copies the programs and the libraries that they are linked with, and nothing else. */
async function makeImage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-image-'));
  try {
    for (const program of ['etcd', 'etcdctl']) {
      const { ok, output: path } = await runCommand('which', [program]);
      if (!ok) throw new Error(`${program} is not installed (Debian: apt-get install etcd-server etcd-client)`);
      copy(path, join(folder, 'usr/bin', program));
      const { output: libraries } = await runCommand('ldd', [path]);
      for (const [, library = ''] of libraries.matchAll(/(\/\S+) \(0x/g)) copy(library, join(folder, library));
    }
    mkdirSync(join(folder, 'tmp'));
    const tar = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1 << 30 });
    const settings = ['--change', 'ENV PATH=/usr/bin', '--change', 'ENV ETCDCTL_API=3'];
    execFileSync('docker', ['import', ...settings, '-', NAME], { input: tar, stdio: ['pipe', 'ignore', 'inherit'] });
    return NAME;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
}
