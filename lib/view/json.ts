import type { ElectionPicture, Moment, Picture, PoolPicture, TermPicture } from './picture.js';

/** The picture as JSON writes it: tokens as decimal strings, what is undefined as null. */
export function toJson({ revision, elections, pools }: Picture): object {
  return { revision: revision.toString(), elections: elections.map(electionJson), pools: pools.map(poolJson) };
}

export function electionJson({ name, leader, blockedBy, queue, terms }: ElectionPicture): object {
  return {
    name,
    leader: leader === undefined ? null : { ...leader, ...tokenOf(leader), since: momentJson(leader.since) },
    blockedBy: blockedBy ?? null,
    queue: queue.map((queued) => ({ ...queued, ...tokenOf(queued), value: queued.value ?? null })),
    terms: terms.map(termJson),
  };
}

export function poolJson({ name, members, partitions }: PoolPicture): object {
  return {
    name,
    members: members.map((member) => ({ ...member })),
    partitions: partitions.map(({ name: partition, owner, fencingToken }) => ({
      name: partition,
      owner: owner ?? null,
      fencingToken: fencingToken?.toString() ?? null,
    })),
  };
}

function termJson(term: TermPicture): object {
  const [from, until] = [momentJson(term.from), momentJson(term.until)];
  return { ...term, ...tokenOf(term), from, until, ended: term.ended ?? null, why: term.why ?? null };
}

function tokenOf({ fencingToken }: { readonly fencingToken: bigint }): { readonly fencingToken: string } {
  return { fencingToken: fencingToken.toString() };
}

function momentJson(moment: Moment | undefined): object | null {
  return moment === undefined ? null : { at: moment.at, exact: moment.isExact };
}
