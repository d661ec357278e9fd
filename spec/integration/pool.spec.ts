import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient } from '../../lib/index.js';
import { type PoolProcess, runPoolWorker } from '../support/pool/pool-processes.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const PARTITIONS = 100;
/** Seconds: a worker whose lease a busy machine has let run out costs as many moves as a crash. */
const TTL = 12;
/** Moves beside those that must be. */
const BESIDE = 3;
const SLOW = 90_000;
/** Plans that are forged, and milliseconds between two of them. */
const FORGERIES = 40;
const FORGED_EVERY = 100;

interface Span {
  readonly who: string;
  readonly from: number;
  readonly to: number;
}

/** The spans of each partition that overlap. */
function overlaps(spans: ReadonlyMap<string, readonly Span[]>): string[] {
  return [...spans].flatMap(([partition, all]) => {
    const sorted = [...all].sort((a, b) => a.from - b.from);
    return sorted.flatMap((span, at) => {
      const next = sorted[at + 1];
      if (next === undefined || next.from > span.to || next.who === span.who) return [];
      return [`${partition}: ${span.who} until ${span.to}, ${next.who} from ${next.from}`];
    });
  });
}

function byPartition(entries: readonly (Span & { readonly partition: string })[]): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { partition, ...span } of entries) spans.set(partition, [...(spans.get(partition) ?? []), span]);
  return spans;
}

describe('a pool of real processes', function () {
  this.timeout(5 * SLOW);
  const cluster = sharedCluster();
  let name: string;
  let all: PoolProcess[];

  const run = (member: string): PoolProcess => {
    const worker = runPoolWorker({ hosts: cluster().hosts, name, member, partitions: PARTITIONS, ttl: TTL });
    all.push(worker);
    return worker;
  };
  const balanced = async (workers: readonly PoolProcess[]): Promise<void> => {
    const isEven = (): boolean => {
      const counts = workers.map(({ owned }) => owned.size);
      return counts.reduce((a, b) => a + b, 0) === PARTITIONS && Math.max(...counts) - Math.min(...counts) <= 1;
    };
    const counts = (): string => workers.map(({ member, owned }) => `${member} ${owned.size}`).join(', ');
    try {
      await until(isEven, { within: SLOW, what: 'the pool to be balanced' });
    } catch (err) {
      throw new Error(`not balanced: ${counts()}`, { cause: err });
    }
  };
  const gains = (): number => all.reduce((sum, worker) => sum + worker.of('gained').length, 0);

  beforeEach(() => {
    [name, all] = [uniqueName(), []];
  });

  /** Stops them, and compares what all that ever were have told. */
  const expectOneOwner = async (rest: readonly PoolProcess[]): Promise<void> => {
    for (const worker of rest) worker.askToStop();
    for (const worker of rest) await worker.exited();
    const owned = all.flatMap((worker) => worker.of('owned').map((span) => ({ ...span, who: worker.member })));
    expect(owned.length).to.be.greaterThan(PARTITIONS);
    expect(overlaps(byPartition(owned)), 'owners at one moment').to.deep.equal([]);
    expect(overlaps(byPartition(all.flatMap(tasksOf))), 'tasks at one moment').to.deep.equal([]);
    for (const { reports } of all) {
      const told = new Map<string, string>();
      for (const report of reports) {
        if (report.event !== 'gained' && report.event !== 'lost') continue;
        expect(told.get(report.partition) ?? 'lost').not.to.equal(report.event);
        told.set(report.partition, report.event);
      }
    }
  };

  it('has one owner for each partition at every moment, while a worker joins and leaves in order', async () => {
    const four = ['a', 'b', 'c', 'd'].map(run);
    await balanced(four);
    const cold = gains();
    expect(cold, 'a cold start').to.be.within(PARTITIONS, PARTITIONS + BESIDE);

    const fifth = run('e');
    await balanced([...four, fifth]);
    const joined = gains();
    expect(joined - cold, 'a join').to.be.within(20, 20 + BESIDE);

    fifth.askToStop();
    await fifth.exited();
    await balanced(four);
    expect(gains() - joined, 'an end in order').to.be.within(20, 20 + BESIDE);
    await expectOneOwner(four);
  });

  it('has one owner for each partition at every moment, while one crashes and one stands still', async () => {
    const four = ['a', 'b', 'c', 'd'].map(run);
    await balanced(four);
    const cold = gains();
    const crashing = four.find(({ isCoordinator }) => !isCoordinator) as PoolProcess;
    crashing.signal('SIGKILL');
    const three = four.filter((worker) => worker !== crashing);
    await balanced(three);
    expect(gains() - cold, 'a crash').to.be.within(25, 25 + BESIDE);

    const coordinator = three.find(({ isCoordinator }) => isCoordinator) as PoolProcess;
    coordinator.signal('SIGSTOP');
    await balanced(three.filter((worker) => worker !== coordinator));
    coordinator.signal('SIGCONT');
    await until(() => coordinator.owned.size === 0, { what: 'the paused coordinator to notice' });
    await balanced(three);
    await expectOneOwner(three);
  });

  it('has one owner for each partition at every moment, while plans are forged, old, doubled and dropped', async () => {
    const four = ['a', 'b', 'c', 'd'].map(run);
    await balanced(four);
    const client = tracked(createClient({ hosts: [...cluster().hosts] }));
    const old = [...(await plansOf(client, name)).values()];
    for (let n = 0; n < FORGERIES; n++) {
      await forge(client, name, old, n);
      await sleep(FORGED_EVERY);
    }
    await balanced(four);
    await expectOneOwner(four);
  });
});

/** By the worker's lease, in hex. */
async function plansOf(client: Etcd3, pool: string): Promise<Map<string, string>> {
  const plans = await client.getAll().prefix(`${pool}/plan/`).strings();
  return new Map(Object.entries(plans).map(([key, plan]) => [key.slice(`${pool}/plan/`.length), plan]));
}

/** Writes or deletes the plan of one worker. `old`: plans of the time before. */
async function forge(client: Etcd3, pool: string, old: readonly string[], n: number): Promise<void> {
  const members = Object.keys(await client.getAll().prefix(`${pool}/members/`).strings());
  const leases = members.map((key) => key.slice(`${pool}/members/`.length));
  const lease = leases[n % leases.length] ?? '';
  const key = `${pool}/plan/${lease}`;
  const some = Array.from({ length: PARTITIONS }, (_, index) => index).filter((index) => (index * 7 + n) % 3 > 0);
  const others = leases.filter((other) => other !== lease);
  const give = Object.fromEntries(some.map((index) => [index, others[index % others.length] ?? '']));
  const forgeries = [
    JSON.stringify({ v: 1, by: '1', own: some }),
    JSON.stringify({ v: 1, by: '1', own: [], give }),
    JSON.stringify({ v: 1, by: '1', own: [[0, PARTITIONS - 1]] }),
    old[n % old.length],
    (await plansOf(client, pool)).get(others[0] ?? ''),
    undefined,
  ];
  const forgery = forgeries[Math.floor(n / leases.length) % forgeries.length];
  if (forgery === undefined) await client.delete().key(key);
  else {
    const put = client
      .put(key)
      .value(forgery)
      .lease(BigInt(`0x${lease}`).toString());
    await put.exec().catch(() => {}); // on a busy machine its lease may just have ended
  }
}

/** Tasks whose partition was let go in order: the others have until the end of the lease. */
function tasksOf(worker: PoolProcess): (Span & { readonly partition: string })[] {
  const ends = worker.of('ends');
  return worker.of('begins').flatMap(({ partition, at }) => {
    const end = ends.find((other) => other.partition === partition && other.at >= at);
    if (end?.code.startsWith('LEASE')) return [];
    return [{ partition, who: worker.member, from: at, to: end?.at ?? at }];
  });
}
