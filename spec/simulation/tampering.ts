import { hexOf } from '../../lib/store/bytes.js';
import type { StoredKey } from '../support/fake-etcd/key-space.js';
import type { Chosen, Tampering } from './plan.js';
import type { SimulatedWorld } from './world.js';

/** Does to the queue what operators do. Returns false when there was nothing to do it to. */
export function tamper(world: SimulatedWorld, tampering: Tampering): boolean {
  const { etcd, referee } = world;
  switch (tampering.name) {
    case 'compact':
      if (etcd.revision <= etcd.compacted) return false;
      etcd.compact();
      return true;
    case 'nested key':
      etcd.put(`${electionOf(world, tampering.election)}/nested/1`, 'of another election');
      return true;
    case 'forge ask':
      for (const text of forged(world, tampering)) etcd.put(`${electionOf(world, tampering.election)}!ask`, text);
      return true;
    case 'foreign candidate':
      world.foreign.join(electionOf(world, tampering.election), tampering.for);
      return true;
    case 'delete queue': {
      const queue = referee.queueOf(electionOf(world, tampering.election)).slice(0, tampering.many);
      if (queue.length < 2) return false;
      for (const kv of queue) referee.void(kv);
      etcd.delete(...queue.map(({ key }) => key));
      return true;
    }
    case 'unseen end': {
      const election = electionOf(world, tampering.election);
      const [head, next] = referee.queueOf(election);
      const process = world.living.find(({ process }) => next !== undefined && process.owns(next.lease))?.process;
      if (head === undefined || next === undefined || process === undefined) return false;
      process.weather.script('txn', { is: 'reply late', by: 700 }, 4);
      process.connection.breakStreams('watch');
      remove(world, next);
      etcd.put(`${election}/nested/1`, 'of another election'); // the deletion is not the newest that is compacted
      etcd.compact();
      world.time.at(world.time.now + tampering.after, () => {
        if (!world.isCalm && etcd.get(head.key)?.createRevision === head.createRevision) remove(world, head);
      });
      world.disturb(world.time.now + tampering.after + 1);
      return true;
    }
    case 'delete key': {
      const kv = keyOf(world, tampering.who);
      if (kv === undefined) return false;
      referee.void(kv);
      etcd.delete(kv.key);
      return true;
    }
    case 'overwrite key': {
      const kv = keyOf(world, tampering.who);
      if (kv === undefined) return false;
      etcd.put(kv.key, 'of an operator');
      return true;
    }
    case 'revoke lease':
    case 'revoke unnoticed': {
      const kv = keyOf(world, tampering.who);
      if (kv === undefined || kv.lease === 0n) return false;
      voidLease(world, kv.lease);
      if (tampering.name === 'revoke lease') etcd.revoke(kv.lease);
      else etcd.revokeUnnoticed(kv.lease);
      return true;
    }
    case 'cancel watches': {
      const kv = keyOf(world, tampering.who);
      const connection = world.find(tampering.who)?.process.connection;
      if (kv === undefined || connection === undefined) return false;
      connection.cancelWatches(kv.key);
      world.disturb(world.time.now + 1);
      return true;
    }
  }
}

/** Takes a lock away from its holder, while faults happen. */
export function takeAway(world: SimulatedWorld, name: string, by: 'deletion' | 'revocation'): void {
  const [kv] = world.referee.queueOf(name);
  if (world.isCalm || kv === undefined || kv.lease === 0n) return;
  world.tally.add('fault', 'locks taken away');
  if (by === 'deletion') return remove(world, kv);
  voidLease(world, kv.lease);
  world.etcd.revoke(kv.lease);
}

/** Deletes keys without a lease, as their writer would, because such keys never expire. */
export function tidyUp(world: SimulatedWorld): void {
  world.foreign.leave();
  for (const election of world.elections) {
    world.etcd.delete(`${election}!ask`);
    for (const kv of world.referee.queueOf(election)) {
      if (kv.lease !== 0n) continue;
      world.referee.void(kv);
      world.etcd.delete(kv.key);
    }
  }
}

function voidLease(world: SimulatedWorld, lease: bigint): void {
  for (const kv of world.etcd.keys()) if (kv.lease === lease) world.referee.void(kv);
}

function remove(world: SimulatedWorld, kv: StoredKey): void {
  world.referee.void(kv);
  world.etcd.delete(kv.key);
}

/** What somebody writes who may write the key of asks. */
function forged(world: SimulatedWorld, { election, says }: Extract<Tampering, { name: 'forge ask' }>): string[] {
  const token = world.referee.queueOf(electionOf(world, election))[0]?.createRevision ?? 1n;
  const text = JSON.stringify({ v: 1, token: `${says === 'stale' ? token - 1n : token}` });
  if (says === 'nonsense') return [`${text.slice(1)}`];
  return says === 'twice' ? [text, text] : [text];
}

function electionOf(world: SimulatedWorld, number: number): string {
  return world.elections[number % world.elections.length] as string;
}

/** The key of the candidate that `who` names. */
function keyOf(world: SimulatedWorld, who: Chosen): StoredKey | undefined {
  const contender = world.find(who);
  if (contender === undefined) return undefined;
  const queue = world.referee.queueOf(contender.electionName);
  const token = contender.election.leadership?.fencingToken;
  if (token !== undefined) return queue.find(({ createRevision }) => createRevision === token);
  return queue.find(({ key, lease }) => contender.process.owns(lease) && key.endsWith(`/${hexOf(lease)}`));
}
