/**
 * One candidate in a process of its own. It tells its parent what it hears, and every few milliseconds it asks its own
 * `isLeader()`, as work would. On `stop` it stops and closes its client, and then nothing is left that keeps it
 * running.
 */
import { createClient, Election } from '../../../lib/index.js';
import type { CandidateOptions, Order, Report } from '../processes.js';
import { whenOrphaned } from './parent.js';

const SAMPLES_EVERY = 2;

const {
  hosts,
  name,
  pauseOver = Number.POSITIVE_INFINITY,
  ...options
} = JSON.parse(process.argv[2] ?? '') as CandidateOptions;
const report = (message: Report): void => void process.send?.(message);

const client = createClient({ hosts: [...hosts] });
const election = new Election(client, name, options);
election.on('elected', ({ fencingToken }) => report({ event: 'elected', token: String(fencingToken) }));
election.on('unelected', (_, { code }) => report({ event: 'unelected', code }));

let sampledAt = Date.now();
let isToldOver = false;
election.on('unelected', () => {
  isToldOver = true;
});
const sampler = setInterval(() => {
  const isLeader = election.isLeader(); // before anything else in this turn
  const gap = Date.now() - sampledAt;
  sampledAt = Date.now();
  if (gap > pauseOver) report({ event: 'woke', gap, isLeader, isToldOver });
}, SAMPLES_EVERY);

process.on('message', (order: Order) => {
  if (order !== 'stop') return;
  clearInterval(sampler);
  void election.stop().then(() => {
    client.close();
    report({ event: 'stopped' });
  });
});
whenOrphaned();
process.channel?.unref(); // only the election keeps this process running

election.start();
