/** One candidate in a process of its own, to be killed. */
import { Election } from '../../lib/index.js';
import { clientOfCluster } from '../world.js';
import { serve } from './serve.js';

const [hosts = '', name = '', ttl = ''] = process.argv.slice(2);

const election = new Election(clientOfCluster(hosts.split(',')), name, { value: 'to be killed', ttl: Number(ttl) });

export interface LeaderCommands {
  readonly [name: string]: (argument: never) => unknown;
  /** Resolves with the candidate's key when the candidate leads. */
  readonly lead: () => Promise<string>;
}

serve({
  lead: async () => (await election.start().elected()).key,
} satisfies LeaderCommands);
