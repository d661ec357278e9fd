import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { foldersOf } from './orphans.js';

// These ports lie below the ports that systems hand out for outgoing connections, which could take a member's port
// while the member is down.
const FIRST = 12_000;
const LAST = 32_000;

/** The first port that docker-compose.yml publishes. */
const OF_COMPOSE = 22_379;

/** A port that nobody but root may listen on, and nobody does: a free one could be a cluster's a moment later. */
export const NOBODY_LISTENS = '127.0.0.1:1';

/** The file in a cluster's folder that lists its ports, one a line. */
const FILE = 'ports';

/**
 * Ports of 127.0.0.1 that are free now and belong to no cluster. Another program may still be quicker, so callers must
 * be ready to ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const taken = takenPorts();
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!taken.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

/**
 * Reserves the ports for the cluster in `folder` as long as the folder exists, also while a member is down and does not
 * listen.
 */
export function reserve(folder: string, ports: readonly number[]): void {
  writeFileSync(join(folder, FILE), ports.join('\n'));
}

/** The ports of every cluster on this machine. */
function takenPorts(): Set<number> {
  return new Set([OF_COMPOSE, ...foldersOf('cluster').flatMap(portsIn)]);
}

function portsIn(folder: string): number[] {
  try {
    return readFileSync(join(folder, FILE), 'utf8').split('\n').map(Number);
  } catch {
    return []; // no ports yet, or the folder is gone meanwhile
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
