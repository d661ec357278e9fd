/** The watchdog's own process: see watchdog.ts. */
import { createInterface } from 'node:readline';
import { SystemClock } from '../../common/time.js';
import { escaped } from './escaped.js';
import { runs, sendSignal } from './process-group.js';
import { type Means, monotonic, parsed, type WatchdogOrder } from './watchdog.js';

/** Milliseconds between two checks whether the command still runs, once our parent is gone. */
const LOOK_EVERY = 50;
/** Milliseconds that must be left before SIGKILL: while a client of etcd is loaded, no timer runs. */
const LOADS_WITHIN = 5_000;

let means: Means | undefined;
let order: WatchdogOrder = {};
const clock = new SystemClock();
let cancelWait = (): void => {};

// A service manager that signals all our processes must not end the watchdog first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {});

// The same as in main.ts, for the client of etcd, and for a journal that nobody reads any more.
process.noDeprecation = true;
process.env['GRPC_VERBOSITY'] ??= 'NONE';
process.stderr.on('error', () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = parsed(line) as WatchdogOrder | Means;
  if ('etcd' in message) means = message;
  else wait(message);
});
lines.on('close', () => {
  // Our parent is gone. The command may end in order as long as the lease lasts.
  end('SIGTERM');
  end('SIGCONT');
  // A failure is told when the client is needed. The command is ended in any case.
  if (order.lease !== undefined && (order.until ?? 0) - monotonic() > LOADS_WITHIN) void loadClient().catch(() => {});
  stayUntilGone();
});

function wait(next: WatchdogOrder): void {
  order = next;
  const { until } = order;
  cancelWait();
  if (until === undefined) return;
  const dueAt = clock.now() + until - monotonic(); // our clock goes on while the machine sleeps
  const look = (): void => {
    cancelWait = clock.after(dueAt - clock.now(), () => (clock.now() < dueAt ? look() : end('SIGKILL')));
  };
  look();
}

function stayUntilGone(): void {
  if (order.target !== undefined && (runs(order.target) || strays().length > 0)) setTimeout(stayUntilGone, LOOK_EVERY);
  else
    void leave()
      .catch(complain)
      .finally(() => process.exit());
}

/** The client is not loaded before our parent is gone: until then nobody needs the memory that it takes. */
const loadClient = (): Promise<typeof import('./end-lease.js')> => import('./end-lease.js');

/** Nothing of the command is left. */
async function leave(): Promise<void> {
  const { lease, until = 0 } = order;
  if (means === undefined || lease === undefined) return;
  const { endLease } = await loadClient();
  await endLease(means, lease, until - monotonic());
}

function complain(err: Error): void {
  process.stderr.write(`etcd-leader: etcd-leader was killed: its lease ends by itself (${err.message})\n`);
}

function end(signal: NodeJS.Signals): void {
  if (order.target === undefined) return;
  sendSignal(order.target, signal);
  for (const pid of strays()) sendSignal(pid, signal);
}

/** What the command has started and has left its process group. */
function strays(): number[] {
  const { target = 0, mark } = order;
  return mark === undefined ? [] : escaped(mark, -target);
}
