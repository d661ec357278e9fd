import { electionJson, poolJson } from '../../view/json.js';
import type { ElectionPicture, PoolPicture, TermPicture } from '../../view/picture.js';
import type { Changes, View } from '../../view/view.js';
import { type Output, visible } from '../output.js';

/** Prints a line for every change that a view tells, where no screen is drawn. */
export class ChangeLines {
  readonly #out: Output;
  /** The token of the last term that was told, and what was told last, by election. */
  readonly #told = new Map<string, { readonly token: bigint; readonly line: string }>();
  readonly #pools = new Map<string, string>();

  constructor(out: Output) {
    this.#out = out;
  }

  /** All that is there. */
  tellAll({ picture }: View): void {
    this.tell(picture, {
      elections: picture.elections.map(({ name }) => name),
      pools: picture.pools.map(({ name }) => name),
    });
  }

  tell({ elections, pools }: View['picture'], changes: Changes): void {
    const [changed, changedPools] = [new Set(changes.elections), new Set(changes.pools)];
    for (const election of elections) if (changed.has(election.name)) this.#tellElection(election);
    for (const pool of pools) if (changedPools.has(pool.name)) this.#tellPool(pool);
  }

  /** A term that was over when the view told of it has a line too. */
  #tellElection(election: ElectionPicture): void {
    const { name, leader, terms, queue, blockedBy } = election;
    const known = this.#told.get(name);
    const past = terms.slice(0, -1).filter(({ fencingToken }) => fencingToken > (known?.token ?? -1n));
    if (known !== undefined) for (const term of past) this.#print(name, `${termText(term)} has led`, election);
    const now = blockedBy === undefined ? leaderText(leader) : `blocked by ${visible(blockedBy)}`;
    const line = `${now}  queue ${queue.length}`;
    const token = terms.at(-1)?.fencingToken ?? 0n;
    const ended = terms.findLast((term) => term.ended !== undefined);
    const before = ended === undefined || known?.line === undefined ? '' : `  before: ${termText(ended)}`;
    if (known?.line !== line) this.#print(name, `${line}${before}`, election);
    this.#told.set(name, { token, line });
  }

  #print(name: string, text: string, election: ElectionPicture): void {
    const time = new Date().toISOString();
    const { terms: _, ...data } = electionJson(election) as { readonly terms: unknown };
    this.#out.result(`${time}  ${visible(name)}  ${text}`, { time, election: name, ...data });
  }

  #tellPool(pool: PoolPicture): void {
    const { name, members, partitions } = pool;
    const unowned = partitions.filter(({ fencingToken }) => fencingToken === undefined).length;
    const owned = members.map(({ id, owned: count }) => `${visible(id)} ${count}`).join('  ');
    const line = `${members.length} workers  ${partitions.length} partitions  ${unowned} owned by nobody  ${owned}`;
    if (this.#pools.get(name) === line) return;
    this.#pools.set(name, line);
    const time = new Date().toISOString();
    this.#out.result(`${time}  ${visible(name)}  ${line.trimEnd()}`, { time, pool: name, ...poolJson(pool) });
  }
}

function leaderText(leader: ElectionPicture['leader']): string {
  return leader === undefined ? 'nobody leads' : `${visible(leader.value)} leads  token ${leader.fencingToken}`;
}

function termText({ value, fencingToken, ended }: TermPicture): string {
  return `${visible(value)} (token ${fencingToken}, ${ended ?? 'leads'})`;
}
