/** The bare requests of one worker of a pool, in a process of their own. */
import { now } from '../clock.js';
import { BarePool } from '../contestants/pool-bare.js';
import { clientOfCluster } from '../world.js';
import { serve } from './serve.js';

const worker = new BarePool(clientOfCluster((process.argv[2] ?? '').split(',')));

const commands = {
  ready: (): Promise<void> => worker.ready(),

  hold: async ({ names }: { readonly names: readonly string[] }): Promise<{ from: number; to: number }> => {
    const from = now();
    return { from, to: await worker.hold(names) };
  },

  queue: async ({ names }: { readonly names: readonly string[] }): Promise<{ from: number }> => {
    const from = now();
    await worker.queue(names);
    return { from };
  },

  led: (): Promise<number> => worker.led(),

  release: ({ names }: { readonly names: readonly string[] }): Promise<number> => worker.release(names),

  close: (): Promise<void> => worker.close(),
};

export type BarePoolCommands = typeof commands;

serve(commands);
