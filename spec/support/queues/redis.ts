import { Redis } from 'ioredis';
import { findTool } from '../cluster/tools.js';
import { tracked } from '../track.js';
import type { QueueServer, Recipe } from './server.js';

/** Redis, which writes nothing to the disk. It keeps its arguments as its title, by which a clean-up finds it. */
export const REDIS: Recipe = {
  name: 'redis',
  async prepare(folder, port) {
    const settings = { port: `${port}`, bind: '127.0.0.1', save: '', appendonly: 'no', 'set-proc-title': 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return { program: await findTool('redis-server'), args: [...args, '--dir', `${folder}/`] };
  },
  async ask(port) {
    const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => {}); // the call below rejects
    try {
      await redis.connect();
      await redis.ping();
    } finally {
      redis.disconnect();
    }
  },
};

/** A client, closed at the end of the spec. */
export function openRedis({ port }: Pick<QueueServer, 'port'>): Redis {
  const redis = new Redis({ host: '127.0.0.1', port });
  tracked({ close: () => redis.quit() });
  return redis;
}
