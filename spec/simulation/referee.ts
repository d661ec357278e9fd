import type { Leadership } from '../../lib/leadership.js';
import type { Compare, Txn } from '../../lib/store/store.js';
import type { FakeEtcd } from '../support/fake-etcd/fake-etcd.js';
import type { StoredKey } from '../support/fake-etcd/key-space.js';
import type { Contender } from './contender.js';
import { type Announced, type Claim, type Claimant, candidacyId, isKeyInQueue, Record } from './record.js';
import type { Story } from './story.js';
import type { Tally } from './tally.js';
import { TermHistory } from './term-history.js';
import { Violation } from './violation.js';

export interface RefereeParts {
  readonly etcd: FakeEtcd;
  readonly now: () => number;
  readonly story: Story;
  readonly tally: Tally;
  /** The instant until which something is or was wrong with etcd, network or processes. */
  readonly disturbedUntil: () => number;
}

/**
 * Milliseconds that a leader may need, once nothing else is wrong, to learn that its key was deleted from outside,
 * because a silent stream is first found out, then opened again with the longest back-off, and then the queue is read.
 */
const LEARNS_WITHIN = 6_000;

/** Checks after every step whether the promises still hold. */
export class Referee {
  readonly #parts: RefereeParts;
  readonly #records = new Map<string, Record>();
  /** Every lease that the library has asked for. */
  readonly ours = new Set<bigint>();

  constructor(elections: readonly string[], parts: RefereeParts, isRecorded: boolean) {
    for (const name of elections) {
      this.#records.set(name, new Record(name, isRecorded ? new TermHistory(name, parts.etcd) : undefined));
    }
    this.#parts = parts;
  }

  register(claimant: Claimant): void {
    this.#of(claimant.electionName).claimants.push(claimant);
  }

  /** It will not lead any more. */
  retire(claimant: Claimant): void {
    const { claimants } = this.#of(claimant.electionName);
    const at = claimants.indexOf(claimant);
    if (at >= 0) claimants.splice(at, 1);
  }

  /** The key of the guarded writes. */
  guardOf(election: string): string {
    return this.#of(election).guard;
  }

  /** The queue in etcd, in order. */
  queueOf(election: string): readonly StoredKey[] {
    const { prefix } = this.#of(election);
    const keys = this.#parts.etcd.keys(prefix).filter(({ key }) => isKeyInQueue(key, prefix));
    return keys.sort((a, b) => Number(a.createRevision - b.createRevision));
  }

  /** Somebody else is about to take this key, or its lease, away from the owner. */
  void(kv: StoredKey): void {
    for (const record of this.#records.values()) {
      if (isKeyInQueue(kv.key, record.prefix)) record.voided.set(candidacyId(kv), this.#parts.now());
    }
  }

  /**
   * etcd's history has begun anew. `before`: the keys of the history before, of which those are left that were in the
   * snapshot. Tokens begin anew too.
   */
  beginAnew(before: readonly StoredKey[]): void {
    const { etcd } = this.#parts;
    const lost = before.filter(({ key, createRevision }) => etcd.get(key)?.createRevision !== createRevision);
    for (const kv of lost) this.void(kv);
    for (const record of this.#records.values()) {
      const guard = etcd.get(record.guard);
      record.beginAnew(lost, etcd.keys(record.prefix), guard === undefined ? 0n : BigInt(guard.value.toString()));
    }
    this.look();
  }

  /**
   * The exceptions to the order of joining: a process deletes keys of others only in a transfer. That is one
   * transaction under a compare of its own key, of each key that it deletes, and of a key behind all these, which
   * stays. Nobody is deleted for a target that has left, and no candidate of another client is.
   */
  moving(who: string, { compare: compares, success }: Txn, owns: (lease: bigint) => boolean): void {
    const compare = compares.filter((one): one is Compare => 'createRevision' in one);
    for (const { name, prefix } of this.#records.values()) {
      const deleted = success.flatMap((op) => (op.type === 'delete' && isKeyInQueue(op.key, prefix) ? [op.key] : []));
      const leaseIn = (key: string): bigint => BigInt(`0x${key.slice(prefix.length)}`);
      const others = deleted.filter((key) => !owns(leaseIn(key)));
      if (others.length === 0) continue;
      const foreign = others.find((key) => !this.ours.has(leaseIn(key)));
      if (foreign !== undefined) throw new Violation('e: order', `${who} deletes the key ${foreign} of another client`);
      const kept = compare.filter(({ key }) => isKeyInQueue(key, prefix) && !deleted.includes(key));
      const last = compare.reduce((max, { createRevision }) => (createRevision > max ? createRevision : max), 0n);
      if (!compare.some(({ key }) => owns(leaseIn(key))) || !kept.some((kv) => kv.createRevision === last)) {
        throw new Violation('e: order', `${who} deletes ${others} of ${name} in no transfer`);
      }
      this.#parts.tally.add('outcome', 'transfers');
    }
  }

  /** A leader has stepped down because somebody has asked for it. */
  obeyed(contender: Contender, { fencingToken: token }: Leadership): void {
    this.#parts.tally.add('outcome', 'asks obeyed');
    if (this.#of(contender.electionName).asked.has(`${token}`)) return;
    throw new Violation('e: order', `${contender.name} has stepped down with token ${token}, and nobody has asked it`);
  }

  /** Called after every write. */
  look(): void {
    for (const record of this.#records.values()) {
      this.#look(record);
      record.terms?.look();
    }
  }

  /** Whether the leader's term is recorded, if it is to be. */
  hasRecorded(election: string, token: bigint): boolean {
    return this.#of(election).terms?.has(token) ?? true;
  }

  /** Called after every step. */
  check(): void {
    for (const record of this.#records.values()) this.#checkLeaders(record);
  }

  /** The candidate has been told `elected`, or the caller that it holds the lock. */
  elected(contender: Claimant, { key, fencingToken: token, leaseId }: Leadership): void {
    const record = this.#of(contender.electionName);
    this.#countHandover(record, contender);
    const id = candidacyId({ key, createRevision: token });
    const kv = this.#parts.etcd.get(key);
    // A snapshot has brought the key back, or its owner has written it again, by chance at the revision of before.
    if (kv?.createRevision === token) record.voided.delete(id);
    this.#checkLeaders(record);
    const voided = this.#isExcused(record, id);
    if (!record.heads.includes(id)) {
      throw new Violation('d: no phantom', `${contender.name} was elected with token ${token}, never the oldest`);
    }
    if (voided && kv?.createRevision !== token) return; // the candidate is about to hear that its key is gone
    const [oldest] = this.queueOf(record.name);
    const isFirst = kv?.createRevision === token && oldest?.key === key;
    // It was the oldest when the history before ended, and the candidate is about to hear that it is not any more.
    if (!isFirst && record.lastHead === id && this.#parts.now() <= this.#parts.disturbedUntil()) return;
    if (!isFirst) {
      const facts = `first is ${oldest?.key ?? 'nobody'}, created at ${oldest?.createRevision ?? 'no revision'}`;
      throw new Violation('d: no phantom', `${contender.name} was elected with token ${token}, but ${facts}`);
    }
    if (kv.lease !== 0n && kv.lease.toString(16) !== leaseId) {
      throw new Violation('d: no phantom', `${contender.name}'s key hangs on lease ${kv.lease.toString(16)}`);
    }
    if (token <= record.lastElected) {
      const facts = `elected with token ${token} after ${record.lastElected}`;
      throw new Violation('b: tokens grow', `${contender.name} was ${facts}`);
    }
    record.lastElected = token;
  }

  /** The candidate has heard that its key was deleted. */
  bereft(contender: Claimant, { key, fencingToken: createRevision, leaseId }: Leadership): void {
    const lives = this.#parts.etcd.leases().some(({ id }) => id.toString(16) === leaseId);
    if (!lives || this.#of(contender.electionName).voided.has(candidacyId({ key, createRevision }))) return;
    throw new Violation('i: no surprises', `${contender.name} has lost its key, and nobody else has deleted it`);
  }

  /** An observer has been told of this leader, after `before`. */
  announced(election: string, who: string, { key, fencingToken: token }: Claim, before?: Announced): Announced {
    const { heads } = this.#of(election);
    const id = candidacyId({ key, createRevision: token });
    if (!heads.includes(id)) {
      throw new Violation('f: observers', `${who} was told that token ${token} leads, which was never the oldest`);
    }
    const at = heads.indexOf(id, before?.at);
    if (at >= 0) return { at, token };
    throw new Violation('f: observers', `${who} was told that token ${token} leads, after ${before?.token}`);
  }

  #of(election: string): Record {
    return this.#records.get(election) as Record;
  }

  #look(record: Record): void {
    const [oldest] = this.queueOf(record.name);
    if (oldest !== undefined && candidacyId(oldest) !== record.heads.at(-1)) record.heads.push(candidacyId(oldest));
    const ask = this.#parts.etcd.get(`${record.name}!ask`)?.value.toString() ?? '';
    const [, asked] = /"token":"(\d+)"/.exec(ask) ?? [];
    if (asked !== undefined) record.asked.add(asked);
    const guard = this.#parts.etcd.get(record.guard);
    const token = guard === undefined ? 0n : BigInt(guard.value.toString());
    // By the leader of the history before, whose key is left.
    if (record.lastHead?.endsWith(` @ ${token}`) === true) return;
    if (token < record.lastGuard) {
      const facts = `a guarded write with token ${token} was accepted after one with ${record.lastGuard}`;
      throw new Violation('a: fencing', `${record.name}: ${facts}`);
    }
    record.lastGuard = token;
  }

  #checkLeaders(record: Record): void {
    let leader: Claimant | undefined;
    let outdated: Claimant | undefined;
    for (const contender of record.claimants) {
      const { term } = contender;
      if (!contender.isLeader()) {
        if (term !== undefined) record.over.add(term);
        continue;
      }
      if (term !== undefined && record.over.has(term)) {
        throw new Violation('c: pairs', `${contender.name} leads again in a term that had run out`);
      }
      const id = contender.leads;
      if (record.voided.has(id)) {
        if (record.outdated.has(id)) outdated = contender;
        if (this.#isExcused(record, id) || contender.process.isDead) continue; // a dead process hears of nothing
        const at = record.voided.get(id)?.toFixed(1);
        throw new Violation('a: one leader', `${contender.name} still leads; its key was deleted at ${at}`);
      }
      if (leader !== undefined) {
        throw new Violation('a: one leader', `${leader.name} and ${contender.name} both lead ${record.name}`);
      }
      leader = contender;
    }
    // Who knows the history before waits until its leader has given up. Who does not cannot.
    if (leader === undefined || outdated === undefined) return;
    if ((leader.process.knowsFrom ?? record.epoch) >= record.epoch) return;
    const facts = `${outdated.name} still leads in the history before, and ${leader.name} leads ${record.name}`;
    throw new Violation('a: one leader', facts);
  }

  /** The key was taken away from outside, and the owner may not know yet. */
  #isExcused(record: Record, id: string): boolean {
    const at = record.voided.get(id);
    if (at === undefined) return false;
    return this.#parts.now() <= Math.max(at, this.#parts.disturbedUntil()) + LEARNS_WITHIN;
  }

  #countHandover(record: Record, contender: Claimant): void {
    const { tally, story } = this.#parts;
    tally.add('outcome', 'elections');
    if (record.lastLeader !== undefined && record.lastLeader !== contender) {
      tally.add('outcome', 'handovers');
      story.tell(record.name, () => `handover from ${record.lastLeader?.name} to ${contender.name}`);
    }
    record.lastLeader = contender;
  }
}
