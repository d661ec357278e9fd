/** One candidate in a process of its own. It does what an application does, and reports to the demo. */
import { createClient, Election } from '../../lib/index.js';
import type { DemoReport } from './contender.js';

const [hosts = '', name = '', value = '', ttl = ''] = process.argv.slice(2);

const client = createClient({ hosts: hosts.split(',') });
const election = new Election(client, name, { value, ttl: Number(ttl) });

election.on('elected', ({ fencingToken }) => report({ event: 'elected', at: now(), token: String(fencingToken) }));
election.on('unelected', (_, reason) => report({ event: 'unelected', at: now(), reason: reason.message }));
election.on('error', (err) => report({ event: 'error', at: now(), reason: err.message }));
election.start();

process.once('SIGTERM', () => void leave());
process.on('SIGINT', () => {}); // Ctrl-C is the demo's to handle
process.once('disconnect', giveUp); // the demo has been killed

async function leave(): Promise<void> {
  await election.stop();
  client.close();
  process.off('disconnect', giveUp);
  process.disconnect(); // nothing keeps this process alive now
}

function giveUp(): void {
  process.exit(1);
}

function report(message: DemoReport): void {
  if (process.connected) process.send?.(message);
}

/** Comparable between processes, and finer than `Date.now()`. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
