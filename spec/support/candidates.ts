import { Etcd3 } from 'etcd3';
import { createClient, Election, type ElectionOptions, type Leadership, Session } from '../../lib/index.js';
import { tracked } from './track.js';
import { SOON, until } from './wait.js';

/**
 * Unless a spec is about leases that run out: a TTL (s) that a slow machine does not use up, and longer than anybody
 * waits for anything; and a `releaseTimeout` (ms) that ends before a spec is closed by force.
 */
const LASTING = { ttl: 60, releaseTimeout: 5_000 };

/** The two ways to make a client. */
export const CLIENTS = ['createClient', 'a plain Etcd3'] as const;
export type ClientKind = (typeof CLIENTS)[number];

/** A client of its own, as every process has one. It is closed at the end of the spec. */
export function openClient(hosts: readonly string[], kind: ClientKind = 'createClient'): Etcd3 {
  const options = { hosts: [...hosts] };
  return tracked(kind === 'createClient' ? createClient(options) : new Etcd3(options));
}

/** A candidate with a client of its own, or on a shared session or client. It is stopped at the end of the spec. */
export function candidate(
  where: readonly string[] | Etcd3 | Session,
  name: string,
  options: ElectionOptions & { readonly client?: ClientKind } = {},
): Election {
  const { client, ...rest } = options;
  const source = isHosts(where) ? openClient(where, client) : where;
  return tracked(new Election(source, name, source instanceof Session ? rest : { ...LASTING, ...rest }));
}

/** Starts it, and resolves when it is in the queue, be it as the leader. */
export async function queued(election: Election, within = SOON): Promise<Election> {
  election.start();
  await until(() => election.state === 'waiting' || election.state === 'leading', {
    within,
    what: `${election.name} to be queued; it is ${election.state}`,
  });
  return election;
}

/** Starts the candidates one after the other, so that they queue in this order. */
export async function joinInOrder(...elections: readonly Election[]): Promise<void> {
  for (const election of elections) await queued(election);
}

/** Starts it if need be, and resolves when it leads. */
export async function leading(election: Election, within = SOON): Promise<Leadership> {
  election.start();
  return await until(() => (election.isLeader() ? election.leadership : undefined), {
    within,
    what: `a candidate of ${election.name} to be elected`,
  });
}

function isHosts(where: readonly string[] | Etcd3 | Session): where is readonly string[] {
  return Array.isArray(where);
}
