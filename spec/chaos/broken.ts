import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Break {
  readonly file: string;
  readonly code: string;
  readonly instead: string;
}

/** One-line mistakes, each made by some election library before: chaos must find every one of them. */
export const BREAKS: Readonly<Record<string, Break>> = {
  'deadline from the reply': {
    file: 'lease.js',
    code: 'return sentAt + 1000 * Math.min(this.#renewDeadline, ttl * (1 - MARGIN));',
    instead: 'return this.#clock.now() + 1000 * ttl;',
  },
  'no clock': {
    file: 'leadership.js',
    code: 'Math.max(0, this.#parts.lease.remaining)',
    instead: 'Math.max(1, this.#parts.lease.remaining)',
  },
  'no fence': {
    file: 'leadership.js',
    code: "etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString())",
    instead: "etcd.if('no such key', 'Create', '==', '0')",
  },
  'no watch of the own key': {
    file: 'standing.js',
    code: 'watch.follow({ key: place.own.key, isPatient: true }, place.revision + 1n, this)',
    instead: '() => {}',
  },
};

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Runs chaos on a copy of what was compiled, with a mistake in it. The copy is removed afterwards.
 *
 * @returns the exit code: 1 when chaos has found the mistake
 * @throws when the code to be broken is not there any more
 */
export async function runBroken(name: string, args: readonly string[]): Promise<number> {
  const mistake = BREAKS[name];
  if (mistake === undefined) {
    throw new Error(`\`--break\` must be one of: ${Object.keys(BREAKS).join(', ')}; got ${name}`);
  }
  const copy = mkdtempSync(join(tmpdir(), 'etcd-leader-broken-'));
  try {
    cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    breakIn(join(copy, 'dist', 'lib', mistake.file), mistake);
    const main = join(copy, 'dist', 'spec', 'chaos', 'main.js');
    const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 130));
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function breakIn(path: string, { code, instead }: Break): void {
  const parts = readFileSync(path, 'utf8').split(code);
  if (parts.length !== 2) throw new Error(`${path} must hold this once: ${code}`);
  writeFileSync(path, parts.join(instead));
}
