import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems hand out for outgoing connections, which could take a member's while it is down.
const FIRST = 12_000;
const LAST = 32_000;

/** Where docker-compose.yml puts its members. */
const TAKEN = new Set([22_379]);

/** Ports of 127.0.0.1 that are free now; somebody may still be quicker, so be ready to ask again. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!TAKEN.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
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
