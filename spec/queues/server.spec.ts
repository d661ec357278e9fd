import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { POSTGRES } from '../support/queues/postgres.js';
import { REDIS } from '../support/queues/redis.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const program = fileURLToPath(new URL('../support/programs/queue-servers.js', import.meta.url));

/** Whether nobody listens on this port. */
async function isFree(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

describe('a Redis and a PostgreSQL of the specs', () => {
  it('do not outlive the process that has started them, not even one that is killed', async () => {
    const owner = fork(program);
    tracked({ close: () => owner.kill('SIGKILL') });
    const [ports] = (await once(owner, 'message')) as [readonly number[]];
    const [ofRedis = 0, ofPostgres = 0] = ports;
    await REDIS.ask(ofRedis);
    await POSTGRES.ask(ofPostgres);
    owner.kill('SIGKILL');
    await until(() => isFree(ofRedis), { what: 'Redis to be gone' });
    await until(() => isFree(ofPostgres), { what: 'PostgreSQL to be gone' });
  });
});
