/**
 * A process whose main thread leads 20 elections and then blocks. A thread watches the handles. When the main thread
 * runs again, it tells its parent when the thread has seen the ends.
 */
import { createClient, Election } from '../../../lib/index.js';
import type { BlockedOptions, BlockedReport } from '../blocked-leader.js';
import { Watchman } from '../threads.js';
import { whenOrphaned } from './parent.js';

const { hosts, names, ttl, blocked } = JSON.parse(process.argv[2] ?? '') as BlockedOptions;
const report = (message: BlockedReport): void => void process.send?.(message);

whenOrphaned();
const client = createClient({ hosts: [...hosts] });
const elections = names.map((name) => new Election(client, name, { ttl }).start());
const terms = await Promise.all(elections.map((election) => election.elected()));
const watchman = await Watchman.start(terms.map((term) => term.share()));
report({ event: 'leading' });

process.once('message', () => {
  const end = performance.now() + blocked;
  while (performance.now() < end);
  const unblockedOn = Date.now();
  void watchman.ends().then((ends) => {
    report({ event: 'ends', unblockedOn, seenOn: ends.map(({ seenOn }) => seenOn) });
  });
});
