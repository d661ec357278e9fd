import type { MemberProcess } from '../../support/cluster/member.js';
import type { ChaosWorld } from '../world.js';
import { type Applied, type Apply, pickBy } from './fault.js';
import type { Draw } from './plan.js';
import { Resumption } from './resumption.js';

const LEADER_WITHIN = 3_000;

/** Hits a member, and resolves with what takes that back. */
type Hit = (member: MemberProcess, world: ChaosWorld) => Applied['heal'] | Promise<Applied['heal']>;

/** A fault of any one member that runs. */
function onAny(hit: Hit): Apply {
  return async (world: ChaosWorld, { roll }: Draw): Promise<Applied | undefined> => {
    const member = pickBy(running(world), roll);
    return member && { target: member.name, heal: await hit(member, world) };
  };
}

/** A fault of the raft leader, or of any member while there is no raft leader. */
function onRaftLeader(hit: Hit): Apply {
  return async (world: ChaosWorld, { roll }: Draw): Promise<Applied | undefined> => {
    const member = await world.cluster.raftLeader(LEADER_WITHIN).catch(() => pickBy(running(world), roll));
    return member && { target: member.name, heal: await hit(member, world) };
  };
}

function running(world: ChaosWorld): readonly MemberProcess[] {
  return world.cluster.members.filter((member) => member.alive && !member.paused);
}

function killed(member: MemberProcess): () => Promise<void> {
  const gone = member.kill();
  return async () => {
    await gone;
    member.launch();
  };
}

async function paused(member: MemberProcess, world: ChaosWorld): Promise<() => Promise<void>> {
  const resumption = await Resumption.pause(world, member);
  return () => resumption.resume();
}

/** With `--upgrade` the member comes back as the next release. */
function renewed(member: MemberProcess, world: ChaosWorld): Applied['heal'] {
  const killed = member.kill();
  return async () => {
    await killed;
    await world.comeBack(member);
  };
}

export const memberKill = onAny(renewed);
export const memberPause = onAny(paused);
export const raftLeaderKill = onRaftLeader(renewed);
export const raftLeaderPause = onRaftLeader(paused);

/** Restarts a member in order, with SIGTERM: etcd hands its raft leadership over. */
export const memberRestart = onAny((member, world) => {
  const stopped = member.stop();
  return async () => {
    await stopped;
    await world.comeBack(member);
  };
});

/** Kills or pauses two members of three. */
export const quorumLoss: Apply = async (world, { roll, strength }) => {
  const hit = world.cluster.members.filter((member) => member !== pickBy(world.cluster.members, roll));
  const how = strength < 0.5 ? killed : paused;
  const heals = await Promise.all(hit.map((member) => how(member, world)));
  const heal = async (): Promise<void> => {
    for (const undo of heals) await undo();
  };
  return { target: `${hit.map(({ name }) => name).join(' ')} ${strength < 0.5 ? 'killed' : 'paused'}`, heal };
};

export const clusterRestart: Apply = async (world) => {
  await Promise.all(world.cluster.members.map((member) => member.kill()));
  const heal = (): void => {
    for (const member of world.cluster.members) member.launch();
  };
  return { target: 'all members', heal };
};
