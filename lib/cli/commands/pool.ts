import type { Candidate } from '../../candidate.js';
import { toElectionError } from '../../errors.js';
import type { Member } from '../../pool/queries.js';
import type { CommandContext } from '../command-context.js';
import { CliError, EXIT } from '../exit.js';
import { firstAnswer } from '../first-answer.js';
import { OutageNotices } from '../outage-notices.js';
import { table, visible } from '../output.js';
import { onlooker, type PoolInEtcd, readPool } from '../pool/pool-in-etcd.js';
import { PoolWatch } from '../pool/pool-watch.js';
import { leaderData } from './candidates.js';

export interface PoolFlags {
  readonly partitions?: true;
  readonly watch?: true;
}

/** Prints the workers of a pool, or who owns which of its partitions; with `watch` at every change too. */
export async function pool(context: CommandContext, name: string, flags: PoolFlags): Promise<number> {
  const { etcd, out } = context;
  if (flags.watch) return await watch(context, name, flags);
  const state = await readPool(onlooker(etcd, name, out), firstAnswer);
  if (flags.partitions)
    out.result(
      partitionTable(state),
      state.partitions.map((one) => partitionData(state, one)),
    );
  else out.result(memberTable(state), poolData(name, state));
  if (state.members.length === 0) throw new CliError(EXIT.nobody, nobodyIn(name));
  return EXIT.ok;
}

export function nobodyIn(name: string): string {
  return `no worker is in the pool ${visible(name)}`;
}

// ---- once ----

function memberTable(state: PoolInEtcd): string {
  if (state.members.length === 0) return '';
  const rows = state.members.map((member) => [
    visible(member.id),
    String(member.owned),
    String(member.planned),
    String(member.weight),
    member.leaseId,
    notesOn(member, state).join(', '),
  ]);
  return `${table(['MEMBER', 'OWNED', 'PLANNED', 'WEIGHT', 'LEASE', ''], rows)}\n${summary(state)}`;
}

function notesOn({ id, isCoordinator, isLeaving }: Member, { control }: PoolInEtcd): string[] {
  const notes: string[] = [];
  if (isCoordinator) notes.push('coordinator');
  if (control.drained.has(id)) notes.push('drained');
  if (isLeaving) notes.push('leaving');
  return notes;
}

function summary(state: PoolInEtcd): string {
  const { partitions, control } = state;
  const paused = control.isPaused ? '; paused: partitions are not moved for balance' : '';
  return `${partitions.length} partitions, ${unownedIn(state)} owned by nobody${paused}`;
}

function unownedIn({ partitions, owners }: PoolInEtcd): number {
  return partitions.filter((partition) => !owners.has(partition)).length;
}

function partitionTable(state: PoolInEtcd): string {
  if (state.partitions.length === 0) return '';
  const rows = state.partitions.map((partition) => {
    const owner = state.owners.get(partition);
    if (owner === undefined) return [visible(partition), 'nobody', '', ''];
    return [visible(partition), visible(owner.value), String(owner.fencingToken), owner.leaseId];
  });
  return table(['PARTITION', 'OWNER', 'TOKEN', 'LEASE'], rows);
}

function poolData(name: string, state: PoolInEtcd): object {
  const { members, partitions, control } = state;
  return {
    pool: name,
    members: members.map((member) => ({ ...member, isDrained: control.drained.has(member.id) })),
    partitions: partitions.length,
    unowned: unownedIn(state),
    paused: control.isPaused,
    drained: [...control.drained],
  };
}

function partitionData(state: PoolInEtcd, partition: string): object {
  return { partition, owner: leaderData(state.owners.get(partition)) };
}

// ---- at every change ----

async function watch(
  { etcd, endpoints, out }: CommandContext,
  name: string,
  { partitions }: PoolFlags,
): Promise<never> {
  const outage = new OutageNotices(out, endpoints);
  const failed = (error: unknown): void => {
    outage.begin(toElectionError(error));
  };
  let last = '';
  let owners: ReadonlyMap<string, string> = new Map();
  const tellPool = (state: PoolInEtcd): void => {
    const [text, data] = [poolLine(state), poolData(name, state)];
    const line = `${text} ${JSON.stringify(data)}`;
    if (line === last) return;
    last = line;
    const time = new Date().toISOString();
    out.result(`${time}  ${text}`, { time, ...data });
  };
  const tellPartitions = (state: PoolInEtcd): void => {
    const time = new Date().toISOString();
    const now = new Map(state.partitions.map((one) => [one, state.owners.get(one)?.fencingToken.toString() ?? '']));
    for (const [partition, token] of now) {
      if (owners.get(partition) === token) continue;
      const owner = state.owners.get(partition);
      out.result(`${time}  ${ownerLine(partition, owner)}`, { time, pool: name, ...partitionData(state, partition) });
    }
    owners = now;
  };
  new PoolWatch(onlooker(etcd, name, out), {
    read: (state) => {
      outage.end();
      if (partitions) tellPartitions(state);
      else tellPool(state);
    },
    failed,
  });
  return await new Promise<never>(() => {}); // a signal ends the program
}

function ownerLine(partition: string, owner: Candidate | undefined): string {
  if (owner === undefined) return `${visible(partition)}  nobody owns it`;
  return `${visible(partition)}  ${visible(owner.value)} owns it  token ${owner.fencingToken}`;
}

function poolLine(state: PoolInEtcd): string {
  const members = state.members.map((member) => {
    const { id, owned, planned } = member;
    const plan = owned === planned ? '' : ` of ${planned}`;
    const notes = notesOn(member, state);
    return `${visible(id)} ${owned}${plan}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  });
  return [summary(state), ...(members.length === 0 ? ['no worker'] : members)].join('  ');
}
