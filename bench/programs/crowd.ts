/** Many candidates in one election, in one process. */
import { Etcd3 } from 'etcd3';
import { now } from '../clock.js';
import { type Crowd, OurCrowd, PeerCrowd } from '../contestants/crowd.js';
import { BareCrowd } from '../contestants/crowd-bare.js';
import { clientOfCluster } from '../world.js';
import { serve } from './serve.js';

const [who = '', list = ''] = process.argv.slice(2);
const hosts = list.split(',');

function open(): Crowd {
  switch (who) {
    case 'etcd3':
      return new PeerCrowd(new Etcd3({ hosts }));
    case 'floor':
      return new BareCrowd(clientOfCluster(hosts));
    default:
      return new OurCrowd(clientOfCluster(hosts), who === 'observing');
  }
}

const crowd = open();

const commands = {
  join: async ({ name, count }: { readonly name: string; readonly count: number }): Promise<number> => {
    const begun = now();
    await crowd.join(name, count);
    return now() - begun;
  },

  /** Runs a small crowd first, so that nothing is compiled or connected for the first time in the measured crowd. */
  warmUp: async ({ name }: { readonly name: string }): Promise<void> => {
    const small = open();
    await small.join(name, 5);
    for (let i = 0; i < 3; i++) await small.change();
    await small.close();
  },

  change: (): Promise<number> => crowd.change(),

  close: (): Promise<void> => crowd.close(),
};

export type CrowdCommands = typeof commands;

serve(commands);
