import type { IKeyValue } from 'etcd3';
import { mainElection } from '../candidate/profile.js';
import { microseconds } from '../log/clock.js';
import type { ChaosWorld } from '../world.js';
import { type Apply, pickBy } from './fault.js';
import type { Draw } from './plan.js';

const PATIENCE = 2_000;
const NOT_ON_LEADER = 0.25;

function nothing(): void {}

function deadline(): { readonly deadline: number } {
  return { deadline: Date.now() + PATIENCE };
}

/** Compacts everything up to now, so that each watch that goes on from an earlier revision is cancelled. */
export const compaction: Apply = async ({ client, run }) => {
  const { header } = await client.kv.range({ key: Buffer.from(mainElection(run)) }, deadline());
  await client.kv.compact({ revision: header.revision, physical: true }, deadline());
  return { target: `revision ${header.revision}`, heal: nothing };
};

/** Defragments one member, which the client picks. The member answers nothing meanwhile. */
export const defragmentation: Apply = async ({ client }) => {
  await client.maintenance.defragment(deadline());
  return { target: 'a member', heal: nothing };
};

/** Deletes a key of the main election: mostly the leader's, sometimes that of a waiting candidate. */
export const keyDeletion: Apply = async (world, draw) => {
  const { client, log, run } = world;
  const kv = await pickKey(world, draw);
  if (kv === undefined) return undefined;
  const before = microseconds();
  try {
    await client.kv.deleteRange({ key: kv.key }, deadline());
  } finally {
    // The removal is logged also when the reply was lost, because etcd may have carried it out.
    log.add(['B', before, microseconds(), 'key', `${mainElection(run)}#${kv.create_revision}`]);
  }
  return { target: kv.value.toString(), heal: nothing };
};

/** Revokes a lease, and with it every key of its session in all elections. */
export const leaseRevocation: Apply = async (world, draw) => {
  const { client, log } = world;
  const kv = await pickKey(world, draw);
  if (kv === undefined) return undefined;
  const before = microseconds();
  try {
    await client.leaseClient.leaseRevoke({ ID: kv.lease }, deadline());
  } finally {
    log.add(['B', before, microseconds(), 'lease', BigInt(kv.lease).toString(16)]);
  }
  return { target: kv.value.toString(), heal: nothing };
};

async function pickKey({ client, run }: ChaosWorld, { roll }: Draw): Promise<IKeyValue | undefined> {
  const prefix = `${mainElection(run)}/`;
  const range = { key: Buffer.from(prefix), range_end: Buffer.from(`${prefix.slice(0, -1)}0`) };
  const { kvs } = await client.kv.range({ ...range, sort_target: 'Create', sort_order: 'Ascend' }, deadline());
  const [leader, ...waiting] = kvs;
  return roll < NOT_ON_LEADER ? (pickBy(waiting, roll / NOT_ON_LEADER) ?? leader) : leader;
}
