import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { GoProgram } from './go-program.js';

const decoder = new GoProgram('kubernetes', 'manifests', /k8s\.io\/api v(\S+)/);

/** Resolves with why there is no program that knows the types of Kubernetes, or with undefined. */
export async function buildDecoder(): Promise<string | undefined> {
  return await decoder.build();
}

/**
 * Decodes YAML strictly into the types of Kubernetes' own Go client. Resolves with a line for each object, and rejects
 * with what is wrong. `piece`: the YAML is a part of a manifest, of this type.
 */
export async function decode(yaml: string, piece?: 'v1 Container'): Promise<string[]> {
  const child = spawn(decoder.path, piece === undefined ? [] : [piece], { stdio: 'pipe' });
  const ended = once(child, 'close');
  child.stdin.on('error', () => {}); // it does not read on after a mistake
  child.stdin.end(yaml);
  const [out, wrong, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(wrong.trim());
  return out.trim().split('\n');
}
