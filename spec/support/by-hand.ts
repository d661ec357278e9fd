import type { Etcd3 } from 'etcd3';
import { createClient, type Election } from '../../lib/index.js';
import { until } from './wait.js';

/** What an operator, or another program, does to the keys and leases of an election. None of this uses lib/. */

/** The keys under `<name>/`, with the keys of nested elections. */
export async function keysUnder(client: Etcd3, name: string): Promise<string[]> {
  return await client.getAll().prefix(`${name}/`).keys();
}

export async function deleteKey(client: Etcd3, key: string): Promise<void> {
  await client.delete().key(key);
}

/** `leaseId` in hex, as this library and etcdctl write it. */
export async function revoke(client: Etcd3, leaseId: string): Promise<void> {
  await client.leaseClient.leaseRevoke({ ID: BigInt(`0x${leaseId}`).toString() });
}

/**
 * The ids of all leases of the cluster, in hex. etcd lists what the asked member has applied, and another member may
 * have applied more. So a linearizable read of the same member first brings this member up to date.
 */
export async function leases([host]: readonly string[]): Promise<string[]> {
  if (host === undefined) throw new TypeError('no host');
  const member = createClient({ hosts: [host] });
  try {
    await member.get('any').exec();
    const { leases } = await member.leaseClient.leaseLeases();
    return leases.map(({ ID }) => BigInt(ID).toString(16));
  } finally {
    member.close();
  }
}

/** Compacts all history up to now, so that a watch from an earlier revision cannot go on. */
export async function compact(client: Etcd3): Promise<void> {
  const { header } = await client.put('spec-before-compaction').value('').exec();
  await client.kv.compact({ revision: header.revision, physical: true });
}

/** The key of a candidate in the queue. No other candidate may announce the same value. */
export async function keyAnnouncing(election: Election, value: string): Promise<string> {
  const own = async (): Promise<string | undefined> =>
    (await election.candidates()).find((candidate) => candidate.value === value)?.key;
  return await until(own, { what: `the key of ${value}` });
}

/** Resolves with the values that the queue announces, in order. */
export async function queue(election: Election): Promise<string[]> {
  return (await election.candidates()).map(({ value }) => value);
}

/**
 * The reasons of a loss after a revocation. A candidate waits only 50 ms for etcd's answer to why its key is gone. So
 * on a busy machine KEY_DELETED is as right as LEASE_LOST, and what follows is the same.
 */
export const REVOKED: readonly string[] = ['LEASE_LOST', 'KEY_DELETED'];

/** A story in which each reason of {@link REVOKED} is told as `REVOKED`. */
export function withRevoked(story: readonly string[]): string[] {
  return story.map((line) => line.replace(new RegExp(REVOKED.join('|')), 'REVOKED'));
}
