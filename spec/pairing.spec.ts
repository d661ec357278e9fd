import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import type { MessageFault } from './support/fake-etcd/faults.js';
import { Random } from './support/random.js';
import { World } from './support/world.js';

describe('under faults drawn at random', () => {
  /** Follows what one candidate tells, and collects what is wrong with it. */
  const watchOver = (name: string, election: Election, problems: string[]): { term: bigint | undefined } => {
    const now: { term: bigint | undefined; last: bigint } = { term: undefined, last: 0n };
    election.on('elected', ({ fencingToken }) => {
      if (now.term !== undefined) problems.push(`${name}: elected twice in a row`);
      if (fencingToken <= now.last) problems.push(`${name}: token ${fencingToken} after ${now.last}`);
      now.term = fencingToken;
      now.last = fencingToken;
    });
    election.on('unelected', ({ fencingToken, signal }) => {
      if (now.term !== fencingToken) problems.push(`${name}: unelected from a term it did not have`);
      if (!signal.aborted) problems.push(`${name}: unelected with a signal that goes on`);
      now.term = undefined;
    });
    return now;
  };
  const FAULTS: readonly MessageFault[] = [
    'lose request',
    'lose reply',
    'hang',
    'fail',
    'duplicate',
    { lateBy: 700 },
    { lateBy: 1_700 },
    { arriveLateBy: 400 },
  ];

  const ACTS = ['stop', 'start', 'stepDown', 'break', 'nothing', 'nothing'] as const;
  /** Only fencing helps against an operator who deletes the leader's key or lease. */
  const BY_OPERATOR = ['revoke', 'delete'] as const;

  for (let seed = 1; seed <= 16; seed += 1) {
    const withOperator = seed % 2 === 0;
    const promise = withOperator ? 'an operator interferes' : 'at most one leads';
    it(`elected and unelected alternate, tokens grow, and ${promise} (seed ${seed})`, async () => {
      const world = new World({ seed, latency: [0.5, 5] });
      const random = new Random(seed);
      const problems: string[] = [];
      const candidates = ['a', 'b', 'c'].map((name) => world.candidate(name, { ttl: 3 }));
      const terms = candidates.map(({ election }, n) => watchOver(`candidate ${n}`, election, problems));
      const leading = (): number => candidates.filter(({ election }) => election.isLeader()).length;
      world.time.onStep = () => {
        if (leading() > 1 && !withOperator) problems.push(`two lead at ${world.now}`);
      };
      world.etcd.faults.draw = () => (random.chance(0.1) ? random.pick(FAULTS) : 'ok');
      for (const { election } of candidates) election.start();
      for (let turn = 0; turn < 60; turn += 1) {
        await world.advance(random.between(10, 2_000));
        const { election, store } = random.pick(candidates);
        const act = random.pick(withOperator ? [...ACTS, ...BY_OPERATOR] : ACTS);
        if (act === 'stop') void election.stop();
        if (act === 'start') election.start();
        if (act === 'stepDown') election.stepDown().catch(() => {});
        if (act === 'revoke') world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
        if (act === 'delete') world.etcd.delete(world.etcd.oldest('jobs/')?.key ?? 'nothing');
        if (act === 'break') store.breakStreams();
      }
      world.etcd.heal();
      for (const { election } of candidates) election.start();
      await world.until(() => leading() === 1, 'one leads when all is well', 15_000);
      await world.settled(Promise.all(candidates.map(({ election }) => election.stop())));
      await world.advance(30_000);
      expect(terms.map(({ term }) => term)).to.deep.equal([undefined, undefined, undefined]);
      expect(problems).to.deep.equal([]);
      expect(candidates.flatMap(({ clock, store }) => [...clock.timers, ...store.open])).to.deep.equal([]);
      expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
    });
  }
});
