/** The watchdog's own process: see watchdog.ts. */
import { createInterface } from 'node:readline';
import { LONGEST_TIMER } from '../time.js';
import { runs, send } from './process-group.js';
import { monotonic, type Order } from './watchdog.js';

/** ms between two looks whether anything is left of the command, once we are alone. */
const LOOK_EVERY = 50;

let order: Order = {};
let timer: NodeJS.Timeout | undefined;

// Whoever ends everything that belongs to us (a service manager) shall not take the watchdog first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  order = JSON.parse(line) as Order;
  wait(order);
});
lines.on('close', () => {
  // Who fed us is gone. The command may end in order as long as the lease lasts.
  end('SIGTERM');
  end('SIGCONT');
  stayUntilGone();
});

function wait(current: Order): void {
  clearTimeout(timer);
  const { until } = current;
  if (until === undefined) return;
  const again = (): void => {
    if (monotonic() < until) wait(current);
    else end('SIGKILL');
  };
  timer = setTimeout(again, Math.min(until - monotonic(), LONGEST_TIMER));
}

function stayUntilGone(): void {
  if (order.target === undefined || !runs(order.target)) process.exit();
  setTimeout(stayUntilGone, LOOK_EVERY);
}

function end(signal: NodeJS.Signals): void {
  if (order.target !== undefined) send(order.target, signal);
}
