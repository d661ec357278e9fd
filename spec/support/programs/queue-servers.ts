/** Starts Redis and PostgreSQL, tells their ports, and waits to be killed. */
import { POSTGRES } from '../queues/postgres.js';
import { REDIS } from '../queues/redis.js';
import { QueueServer } from '../queues/server.js';
import { whenOrphaned } from './parent.js';

whenOrphaned();
const servers = await Promise.all([REDIS, POSTGRES].map((recipe) => QueueServer.start(recipe)));
process.send?.(servers.map(({ port }) => port));
