import type { Context, Hook, RootHookObject } from 'mocha';
import { stopSharedCluster } from './shared-cluster.js';
import { tellStalls } from './stalls.js';
import { closeTracked, leakSince, type Resources, resources } from './track.js';

// mocha passes a spec that leaves a rejection unhandled. No spec of ours may leave one.
process.on('unhandledRejection', (reason) => {
  throw reason;
});

// What goes wrong in the specs on purpose is not for the terminal. The library reads this once, at its first use.
process.env['ETCD_LEADER_LOG'] ??= 'silent';

// mocha would wait for the running spec; what has to be cleaned up listens to `exit`.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

// Exit, although everything has ended by itself: Node 20 can then spin for ever while it takes its handles apart (seen
// once, with a child process that had just been let go).
process.once('beforeExit', () => process.exit());

const ENDS_WITHIN = 10_000;
/**
 * mocha ends the whole run when the hook below takes too long. Everything in the hook has a bound of its own: twenty
 * candidates of a failed spec, whom etcd does not answer, take minutes to stop one after the other.
 */
const NEVER = 0;

let before: Resources = {};

export const mochaHooks: RootHookObject = {
  beforeAll() {
    tellStalls(console.log); // not before: loading the specs takes seconds
  },

  async beforeEach() {
    await undefined; // now the time-out of this hook runs, as that of the other one does there
    before = resources();
  },

  async afterEach(this: Context) {
    this.timeout(NEVER);
    const problems = await closeTracked();
    const leak = await leakSince(before);
    if (leak !== undefined) problems.push(leak);
    // `error()` fails this one spec. A hook that throws would end the whole run.
    const [first, ...rest] = problems;
    if (first !== undefined)
      (this.test as Hook).error(rest.length === 0 ? first : new AggregateError(problems, String(problems)));
  },

  async afterAll(this: Context) {
    this.timeout(120_000);
    await stopSharedCluster();
    const stuck = setTimeout(() => {
      console.error('the specs are over, but this process is kept alive by:', resources());
      process.exit(1);
    }, ENDS_WITHIN);
    stuck.unref();
  },
};
