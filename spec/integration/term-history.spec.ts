import { expect } from 'chai';
import type { Election, ElectionOptions } from '../../lib/index.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { runCandidate } from '../support/processes.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { SOON, until } from '../support/wait.js';

describe('a recorded history, on etcd', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('term-history');
  });

  const make = (value: string, options: ElectionOptions = {}): Election =>
    candidate(cluster().hosts, name, { value, history: 100, ...options });

  const story = async (reader: Election): Promise<string[]> =>
    (await reader.history()).map(
      ({ value, until: end, why }) => `${value}: ${why ?? (end === undefined ? 'lasts' : '<=')}`,
    );

  const recorded = async (reader: Election, ...lines: readonly string[]): Promise<void> => {
    let said: readonly string[] = [];
    const isTold = async (): Promise<boolean> => {
      said = await story(reader);
      return said.join() === lines.join();
    };
    await until(isTold, { within: 2 * SOON, what: `the history to be ${lines}` }).catch((err: Error) => {
      throw new Error(`${err.message}; it is ${said}`);
    });
  };

  it('tells of a stop, a step down and a key that was deleted, in order, each term once', async () => {
    const [a, b, c] = [make('a'), make('b'), make('c')];
    await joinInOrder(a, b, c);
    await recorded(c, 'a: lasts');
    await a.stop();
    await leading(b);
    await recorded(c, 'a: STOPPED', 'b: lasts');
    await b.stepDown();
    const { key } = await leading(c);
    await recorded(c, 'a: STOPPED', 'b: STEPPED_DOWN', 'c: lasts');
    await openClient(cluster().hosts).delete().key(key);
    await leading(b);
    await recorded(c, 'a: STOPPED', 'b: STEPPED_DOWN', 'c: KEY_DELETED', 'b: lasts');
    const terms = await c.history();
    const tokens = terms.map(({ fencingToken }) => fencingToken);
    expect(tokens).to.deep.equal([...new Set(tokens)].sort((x, y) => Number(x - y)));
    for (const { from, until: end } of terms.slice(0, -1)) expect(end).to.be.within(from, Date.now());
  });

  it('loses no term in 20 handovers, and knows why each one ended', async () => {
    const made = [make('a', { observe: false }), make('b', { observe: false })] as const;
    await joinInOrder(...made);
    for (let times = 0; times < 20; times++) {
      const [leader, next] = made[0].isLeader() ? made : [made[1], made[0]];
      await leader.stepDown();
      await leading(next);
    }
    const [reader] = made;
    await until(async () => (await reader.history()).at(-1)?.until === undefined, {
      what: 'the last term to be recorded',
    });
    await recorded(
      reader,
      ...Array.from({ length: 20 }, (_, at) => `${at % 2 === 0 ? 'a' : 'b'}: STEPPED_DOWN`),
      'a: lasts',
    );
    expect(await story(reader)).to.have.length(21);
    const { kvs } = await openClient(cluster().hosts).kv.range({
      key: Buffer.from(`${name}!history/`),
      range_end: Buffer.from(`${name}!history0`),
    });
    expect(kvs.length).to.be.lessThan(21); // those that the next leaders have not taken in yet
  });

  it('says that the term of a leader that was killed ended when the next one began, or before', async () => {
    const dying = runCandidate({ hosts: cluster().hosts, name, ttl: 12, value: 'a', history: 100 });
    await dying.heard('elected');
    const b = make('b');
    await joinInOrder(b);
    await recorded(b, 'a: lasts');
    dying.signal('SIGKILL');
    await leading(b);
    await recorded(b, 'a: <=', 'b: lasts');
    const [first, second] = await b.history();
    expect(first?.until).to.equal(second?.from);
  });

  it('knows the end of a leader whose process stops, closes its client and exits, 5 times of 5', async () => {
    const reader = make('reader');
    for (let times = 1; times <= 5; times++) {
      const run = runCandidate({ hosts: cluster().hosts, name, ttl: 60, value: `a${times}`, history: 100 });
      await run.heard('elected');
      run.askToStop();
      await run.exited();
    }
    const ends = (await story(reader)).map((line) => line.replace(/^a\d+: /, ''));
    expect(ends).to.deep.equal(Array.from({ length: 5 }, () => 'STOPPED'));
  });

  it('is no candidate of the election, nor of one above or below it', async () => {
    const a = make('a');
    await leading(a);
    await recorded(a, 'a: lasts');
    const below = candidate(cluster().hosts, `${name}/x`, { value: 'x', history: 1 });
    await leading(below);
    await until(async () => (await below.history()).length === 1, { what: 'its term to be recorded' });
    expect((await a.candidates()).map(({ value }) => value)).to.deep.equal(['a']);
    await a.stepDown();
    await leading(a);
    await recorded(a, 'a: STEPPED_DOWN', 'a: lasts');
    expect((await below.candidates()).map(({ value }) => value)).to.deep.equal(['x']);
  });
});
