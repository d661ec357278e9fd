/** A user's program in TypeScript, with types of all kinds, for an ES module and for a CommonJS file. */
export const INSTALLED_PROGRAM = `
import { createClient, Election, ElectionError, Etcd3, etcdLeader, type Leadership, Session } from 'etcd-leader';
import { EtcdRunCoordinator } from 'etcd-leader/cron';
import { collectMetrics } from 'etcd-leader/metrics';
import { instrument } from 'etcd-leader/otel';
import { FakeElection } from 'etcd-leader/testing';
import { isCurrent, signalOf } from 'etcd-leader/threads';

const client: Etcd3 = createClient({ hosts: 'http://127.0.0.1:2379' });
const session = new Session(client, { ttl: 10 });
const election: Election = new Election(session, 'jobs/mail', { value: 'a', healthCheck: async () => true });
election.on('elected', ({ fencingToken }) => { const token: bigint = fencingToken; void token; });
election.on('elected', (leadership) => { void [isCurrent(leadership.share()), signalOf(leadership.share())]; });
election.on('unelected', (_: Leadership, reason: ElectionError) => { void reason.code; });
const result = election.run(async ({ signal }) => (signal.aborted ? 'aborted' : 'done'));
// @ts-expect-error: there is no such option
new Election(client, 'jobs', { tll: 10 });
// @ts-expect-error: etcd3's own options are checked too
new Etcd3({ hosts: 17 });
const fake: Election = new FakeElection('jobs');
const guarded: () => Promise<number | undefined> = new EtcdRunCoordinator(client, 'cron').guard(() => 17);
const detach: Disposable = instrument(election, { queueInterval: 60 });
void [fake, guarded, detach, result, etcdLeader, collectMetrics, election.observe()];
`;

/**
 * A module of a user's whose inferred types are written into declarations. They can be written only when the user's own
 * packages can name them: \`etcd3\` is none of these where each package sees only what it asks for.
 */
export const EXPORTING = `
import { createClient, Election, Etcd3, type Leadership, Session } from 'etcd-leader';
import { collectMetrics } from 'etcd-leader/metrics';
import { FakeElection } from 'etcd-leader/testing';

export const client = createClient({ hosts: 'http://127.0.0.1:2379' });
export const another = new Etcd3({ hosts: 'http://127.0.0.1:2379' });
export const session = new Session(client);
export const election = new Election(session, 'jobs');
export const fake = new FakeElection('jobs', { etcd: client });
export const detach = collectMetrics(election);
export const fence = ({ txn }: Leadership) => txn();
export const open = (options: Parameters<typeof createClient>[0]) => createClient(options);
export class Jobs {
  readonly client = open({ hosts: 'http://127.0.0.1:2379' });
  readonly election = new Election(this.client, 'jobs');
  fence(leadership: Leadership) {
    return leadership.txn();
  }
}
`;
