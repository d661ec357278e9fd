/** One candidate in a process of its own, that leads and waits in turn. */
import { type BenchCandidate, OurContender, PeerContender, type WayToLeave } from '../contestants/contender.js';
import { BareContender } from '../contestants/contender-bare.js';
import { GoContender } from '../contestants/contender-go.js';
import { serve } from './serve.js';

const [who = '', list = '', name = ''] = process.argv.slice(2);
const hosts = list.split(',');

function open(): BenchCandidate {
  if (who === 'etcd3') return new PeerContender(hosts, name);
  if (who === 'go') return new GoContender(hosts, name);
  return who === 'floor' ? new BareContender(hosts, name) : new OurContender(hosts, name);
}

const contender = open();

const commands = {
  queue: (): Promise<void> => contender.queue(),
  elected: (): Promise<number> => contender.elected(),
  leave: ({ how }: { readonly how: WayToLeave }): Promise<number> => contender.leave(how),
};

export type ContenderCommands = typeof commands;

serve(commands);
