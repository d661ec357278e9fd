import type { IKeyValue } from 'etcd3';
import { electionOf } from '../../queue/keys.js';
import { hexOf, keyOf, textOf } from '../../store/bytes.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit.js';
import { firstAnswer } from '../outage.js';
import { table, visible } from '../output.js';
import { Reads } from '../reads.js';

interface Found {
  oldest: IKeyValue;
  candidates: number;
}

/**
 * Prints elections and their leaders. An election is known by its keys alone: a key `<name>/<lease id in hex>` that
 * hangs on the very lease that it names. No other kind of key looks like that by accident.
 */
export async function list({ etcd, out }: Context, prefix: string): Promise<number> {
  const reads = new Reads(etcd);
  const found = new Map<string, Found>();
  const pages = reads.keys(Buffer.from(prefix));
  for (let page = await firstAnswer(pages.next()); !page.done; page = await pages.next()) {
    for (const kv of page.value) {
      const name = electionOf(keyOf(kv.key), BigInt(kv.lease));
      if (name !== undefined) add(found, name, kv);
    }
  }
  const entries = await reads.each([...found], async ([election, { oldest, candidates }]) => ({
    election: textOf(election),
    leader: {
      value: (await reads.value(oldest.key)) ?? '',
      key: oldest.key.toString('utf8'),
      token: BigInt(oldest.create_revision),
      leaseId: hexOf(BigInt(oldest.lease)),
    },
    candidates,
  }));
  const rows = entries.map(({ election, leader, candidates }) => [
    visible(election),
    visible(leader.value),
    String(leader.token),
    String(candidates),
  ]);
  out.result(rows.length === 0 ? 'no elections' : table(['ELECTION', 'LEADER', 'TOKEN', 'CANDIDATES'], rows), entries);
  return EXIT.ok;
}

function add(found: Map<string, Found>, name: string, kv: IKeyValue): void {
  const election = found.get(name);
  if (election === undefined) {
    found.set(name, { oldest: kv, candidates: 1 });
    return;
  }
  election.candidates++;
  if (BigInt(kv.create_revision) < BigInt(election.oldest.create_revision)) election.oldest = kv;
}
