import { expect } from 'chai';
import { describeFindings } from './chaos/checker/report.js';
import { encode, type LogRecord } from './chaos/log/records.js';
import { CALL, committed, GOOD, judged, leads, MS, SECOND } from './support/chaos-logs.js';
import { FORGERIES } from './support/pool/plan-forger.js';

const nemesis = (...records: readonly LogRecord[]): LogRecord[] => [...(GOOD['nemesis'] ?? []), ...records];

describe('the chaos checker', () => {
  it('finds nothing in a run in which all went well', async () => {
    const { findings, verdict } = await judged();
    expect(verdict).to.deep.equal([]);
    expect(findings.changes.main).to.equal(1);
    expect(findings.writes).to.deep.equal({ committed: 1, refused: 0, unknown: 0, found: 2 });
  });

  describe('on overlaps', () => {
    it('finds an overlap that is a microsecond long', async () => {
      const { findings, verdict } = await judged({ 'ben-1': leads(20, 20 * SECOND - CALL - 1, 70 * SECOND) });
      expect(findings.overlaps.map(({ length, excuse }) => ({ length, excuse }))).to.deep.equal([
        { length: 1, excuse: undefined },
      ]);
      expect(verdict).to.have.length(1);
      expect(verdict[0]).to.match(/^two leaders of main for 0\.001 ms .* ada-1 with token 10 and ben-1 with token 20$/);
    });

    it('does not accuse where only the calls overlap, and not their ends', async () => {
      const { findings } = await judged({ 'ben-1': leads(20, 20 * SECOND - CALL, 70 * SECOND) });
      expect(findings.overlaps).to.deep.equal([]);
    });

    it('finds a process that wakes up and still takes itself for the leader', async () => {
      const { findings } = await judged({
        'ada-1': [...leads(10, SECOND, 20 * SECOND), ...leads(10, 40 * SECOND, 40 * SECOND)],
      });
      expect(findings.overlaps.map(({ from, length }) => [from, length])).to.deep.equal([
        [21 * SECOND + CALL, 19 * SECOND - CALL],
      ]);
    });

    it('finds a term that was seen but once, inside another', async () => {
      const { findings } = await judged({ 'eve-1': leads(15, 10 * SECOND, 10 * SECOND) });
      expect(findings.overlaps.map(({ earlier, later }) => [earlier.process, later.process])).to.deep.equal([
        ['ada-1', 'eve-1'],
      ]);
    });

    it('finds one and the same term in two processes', async () => {
      const { findings } = await judged({ 'eve-1': leads(10, 10 * SECOND, 11 * SECOND) });
      expect(findings.overlaps).to.have.length(1);
    });

    it('takes another election for another', async () => {
      const { findings } = await judged({ 'eve-1': leads(15, 10 * SECOND, 11 * SECOND, 'shard') });
      expect(findings.overlaps).to.deep.equal([]);
    });

    it('finds a smaller token that leads after a greater one', async () => {
      const { verdict } = await judged({ 'ben-1': leads(9, 21 * SECOND, 70 * SECOND) });
      expect(verdict).to.deep.equal(['main: token 9 (ben-1) led after 10 (ada-1)']);
    });
  });

  describe('on removals by hand', () => {
    const removed = (what: 'key' | 'lease', id: string, at = 19 * SECOND): readonly LogRecord[] =>
      nemesis(['B', at, at + MS, what, id]);
    const elected: LogRecord = ['E', SECOND - 1, 'main', 'elected', '10', 'abc'];
    const overlapping = (ms: number): readonly LogRecord[] => leads(20, 20 * SECOND - CALL - ms * MS, 70 * SECOND);
    const ada = [elected, ...(GOOD['ada-1'] ?? [])];

    for (const [what, id] of [
      ['key', 'main#10'],
      ['lease', 'abc'],
    ] as const) {
      it(`excuses an overlap below 250 ms after the ${what} was removed, and reports it`, async () => {
        const { findings, verdict } = await judged({
          'ada-1': ada,
          'ben-1': overlapping(249),
          nemesis: removed(what, id),
        });
        expect(verdict).to.deep.equal([]);
        expect(findings.overlaps.map(({ excuse }) => excuse)).to.deep.equal(['removed by hand']);
      });

      it(`does not excuse 250 ms after the ${what} was removed`, async () => {
        const { verdict } = await judged({ 'ada-1': ada, 'ben-1': overlapping(250), nemesis: removed(what, id) });
        expect(verdict).to.have.length(1);
      });

      it(`does not excuse an overlap before the ${what} was removed`, async () => {
        const { verdict } = await judged({
          'ada-1': ada,
          'ben-1': overlapping(100),
          nemesis: removed(what, id, 20 * SECOND),
        });
        expect(verdict).to.have.length(1);
      });
    }

    it("does not excuse an overlap when the removed key was somebody else's", async () => {
      const { verdict } = await judged({ 'ada-1': ada, 'ben-1': overlapping(1), nemesis: removed('key', 'main#20') });
      expect(verdict).to.have.length(1);
    });
  });

  describe('on leases that etcd ends before their time', () => {
    const BEGINS = 20 * SECOND - CALL - 100 * MS;
    const ada = (lease: string): readonly LogRecord[] => [
      ['E', SECOND - 1, 'main', 'elected', '10', lease],
      ...(GOOD['ada-1'] ?? []),
    ];
    /** Overlaps of 100 ms with ada in the main election, and with eve in another one. */
    const files = {
      'ada-1': ada('abc'),
      'ben-1': [
        ...leads(20, BEGINS, 70 * SECOND),
        ...leads(21, BEGINS, 70 * SECOND, 'shard'),
      ] satisfies readonly LogRecord[],
      'eve-1': [
        ['E', SECOND - 1, 'shard', 'elected', '11', 'def'],
        ...leads(11, SECOND, 20 * SECOND, 'shard'),
      ] satisfies readonly LogRecord[],
    };
    const ended = (at: number, count: number, leases: readonly (readonly [string, number])[]): readonly LogRecord[] =>
      nemesis(['P', 0, 60_000, ['kill'], ['main', 'shard']], ['A', at, 'm1', count, leases]);
    const both = [
      ['abc', BEGINS + 2 * SECOND],
      ['def', BEGINS + 2 * SECOND],
    ] as const;

    it('excuses the overlap when a member without raft’s lead has ended the lease, and reports it', async () => {
      const { findings, verdict } = await judged({ ...files, nemesis: ended(BEGINS - 10, 2, both) });
      expect(verdict).to.deep.equal([]);
      expect(findings.overlaps.map(({ excuse }) => excuse)).to.deep.equal(['ended by etcd', 'ended by etcd']);
      expect(describeFindings(findings)).to.match(/by etcd +2, longest 100\.0 ms, 0 out of order \(2 leases ended/);
    });

    it('excuses a smaller token that leads after a greater one when etcd has ended its lease', async () => {
      const late = [
        ['E', 20 * SECOND, 'main', 'elected', '9', 'abc'],
        ...leads(9, 21 * SECOND, 21.2 * SECOND),
      ] as const;
      for (const [at, order] of [
        [20.9 * SECOND, 1],
        [21 * SECOND + 1, 0],
      ] as const) {
        const logs = { 'eve-1': late, 'ben-1': leads(20, 21.5 * SECOND, 70 * SECOND) };
        const records = ended(at, 1, [['abc', 21.1 * SECOND]]).map((record) =>
          record[0] === 'P' ? (['P', 0, 60_000, ['kill'], ['main']] as const) : record,
        );
        const { findings, verdict } = await judged({ ...logs, nemesis: records });
        const told = 'main: token 9 (eve-1) led after 10 (ada-1)';
        expect(verdict).to.deep.equal(order === 1 ? [] : [told]);
        expect(findings.disorder.filter(({ excuse }) => excuse !== undefined)).to.have.length(order);
      }
    });

    it('excuses no overlap when the member has ended fewer leases than overlaps were seen of', async () => {
      const { verdict } = await judged({ ...files, nemesis: ended(BEGINS - 10, 1, both) });
      expect(verdict).to.have.length(2);
    });

    const wrong: readonly (readonly [string, readonly LogRecord[]])[] = [
      ['began before the member went on', ended(BEGINS + 11, 2, both)],
      [
        'began when the lease was due',
        ended(
          BEGINS - 10,
          2,
          both.map(([lease]) => [lease, BEGINS + CALL] as const),
        ),
      ],
      ['was of another lease', ended(BEGINS - 10, 2, [['123', BEGINS + 2 * SECOND]])],
    ];
    for (const [what, records] of wrong) {
      it(`does not excuse an overlap that ${what}`, async () => {
        const { verdict } = await judged({ ...files, nemesis: records });
        expect(verdict).to.have.length(2);
      });
    }

    for (const [early, failures] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const what = early > 0 ? 'an overlap that is over is excused' : 'an overlap that is not over is not excused';
      it(`judges by etcd’s whole seconds when the lease would have ended: ${what}`, async () => {
        const records = ended(18 * SECOND, 1, [['abc', 19 * SECOND + early]]);
        const ben = leads(20, 18.5 * SECOND, 70 * SECOND);
        const { verdict } = await judged({ 'ada-1': ada('abc'), 'ben-1': ben, nemesis: records });
        expect(verdict.filter((line) => line.startsWith('two leaders'))).to.have.length(failures);
      });
    }
  });

  describe('on guarded writes', () => {
    it('finds a write that was accepted after a greater token had written', async () => {
      const { verdict } = await judged({ journal: [committed(10, 11), committed(20, 21), committed(10, 22)] });
      expect(verdict).to.deep.equal([
        'a guarded write out of order: main: token 10 wrote at revision 22, after token 20 had at 21',
      ]);
    });

    it('finds a write between terms that are not neighbours', async () => {
      const { verdict } = await judged({
        journal: [committed(10, 11), committed(10, 40), committed(20, 21), committed(30, 31)],
      });
      expect(verdict).to.have.length(2);
    });

    it('finds a write that was confirmed and is not there', async () => {
      const { verdict } = await judged({ journal: [committed(20, 21)] });
      expect(verdict).to.deep.equal([
        'a guarded write out of order: main: 1 writes with token 10 were confirmed, 0 are in etcd',
      ]);
    });
  });

  describe('on unavailability', () => {
    it('measures the times without a leader, by the fault that they began with', async () => {
      const { findings } = await judged();
      expect(findings.unavailability.get('kill')?.main).to.deep.equal({
        count: 1,
        p50: (SECOND - CALL) / MS,
        p99: (SECOND - CALL) / MS,
        longest: (SECOND - CALL) / MS,
      });
    });

    it('finds a hole in one term, in which its process stood still', async () => {
      const { findings } = await judged({
        'ben-1': [...leads(20, 21 * SECOND, 30 * SECOND), ...leads(20, 33 * SECOND, 70 * SECOND)],
      });
      expect(findings.total.main).to.deep.include({ count: 2, longest: (3 * SECOND - CALL) / MS });
    });

    it('fails a run after which nobody leads any more', async () => {
      const { verdict } = await judged({ 'ben-1': leads(20, 21 * SECOND, 59 * SECOND) });
      expect(verdict).to.deep.equal(['main: nobody led within 30000 ms after the faults had ended']);
    });
  });

  describe('on processes', () => {
    const broken: readonly (readonly [string, LogRecord, RegExp])[] = [
      ['breaks', ['X', 5 * SECOND, 'TypeError: x is not a function'], /^a process broke: eve-1: TypeError/],
      ['does not end by itself', ['L', 5 * SECOND, 'Timeout TCPSocketWrap'], /kept alive after its end by: Timeout/],
      ['leads a term again that was over', ['V', 5 * SECOND, ['main', '10']], /over, and then current again/],
      [
        'is told `unelected` twice',
        ['E', 5, 'main', 'unelected', '10', 'STOPPED'],
        /unelected from 10, elected to none/,
      ],
    ];
    for (const [what, record, message] of broken) {
      it(`fails a run in which one process ${what}`, async () => {
        const { verdict } = await judged({ 'eve-1': [record] });
        expect(verdict).to.have.length(1);
        expect(verdict[0]).to.match(message);
      });
    }

    it('fails a run in which one process grows and grows', async () => {
      const memory = (s: number, mib: number): LogRecord => ['M', s * SECOND, mib * 2 ** 20, 0, 1];
      const { verdict } = await judged({ 'eve-1': [memory(1, 80), memory(12, 90), memory(60, 191)] });
      expect(verdict).to.have.length(1);
      expect(verdict[0]).to.match(/^eve-1 has grown/);
    });
  });

  describe('on a pool', () => {
    const END = 70 * SECOND;
    const elections = ['main', 'pool/0', 'pool/1', 'pool/2', 'pool/3'];
    /** Two workers with two partitions each, until the end. */
    const files: Readonly<Record<string, readonly LogRecord[]>> = {
      nemesis: [
        ['P', 0, 60_000, ['kill'], elections],
        ['O', 0, 'pool/', ['cleo', 'dan']],
        ...(GOOD['nemesis'] ?? []).slice(1),
      ],
      'cleo-1': [
        ...task(30, SECOND, 2 * SECOND),
        ...leads(31, SECOND, END, 'pool/0'),
        ...leads(32, SECOND, END, 'pool/1'),
      ],
      'dan-2': [...task(40, 2 * SECOND), ...leads(41, SECOND, END, 'pool/2'), ...leads(42, SECOND, END, 'pool/3')],
    };

    /** A task of the partition 0. Its lease was there until its end, unless said otherwise. */
    function task(token: number, from: number, to?: number, isHeld = true): LogRecord[] {
      const term = ['pool/0', String(token)] as const;
      const begins: LogRecord = ['T', from, term, 'begins'];
      return to === undefined ? [begins] : [begins, ['T', to, term, 'ends', isHeld]];
    }

    it('finds nothing where each task begins when the last has ended, and all have their share', async () => {
      const { findings, verdict } = await judged(files);
      expect(verdict).to.deep.equal([]);
      expect(findings.pool).to.deep.include({ partitions: 4, tasks: 2, held: 1, badTasks: [] });
      expect([...(findings.pool?.balance?.shares ?? [])]).to.deep.equal([
        ['cleo', 2],
        ['dan', 2],
      ]);
    });

    it('finds a task that begins a microsecond before the last one of its partition has ended', async () => {
      const early = [...task(40, 2 * SECOND - 1), ...(files['dan-2'] ?? []).slice(1)];
      expect((await judged({ ...files, 'dan-2': early })).verdict).to.deep.equal([
        'the task of dan-2 with token 40 began 0.001 ms before that of cleo-1 with token 30 ended: pool/0',
      ]);
    });

    it('does not accuse when the lease may have ended before the task, or was removed', async () => {
      const early = [...task(40, 2 * SECOND - 1), ...(files['dan-2'] ?? []).slice(1)];
      const gained: LogRecord = ['E', SECOND - 1, 'pool/0', 'elected', '30', 'abc'];
      const cleo = [gained, ...(files['cleo-1'] ?? [])];
      const late = [...task(30, SECOND, 2 * SECOND, false), ...(files['cleo-1'] ?? []).slice(2)];
      const other = task(50, 10 * SECOND, 11 * SECOND); // one that was let go in order
      const unsure = await judged({ ...files, 'dan-2': early, 'cleo-1': late, 'eve-1': other });
      expect(unsure.verdict).to.deep.equal([]);
      const removals: readonly (readonly [LogRecord, number])[] = [
        [['B', SECOND + 1, SECOND + 2, 'lease', 'abc'], 0],
        [['B', SECOND + 1, SECOND + 2, 'lease', 'def'], 1],
        [['A', SECOND + 1, 'm1', 1, [['abc', 3 * SECOND]]], 0],
        [['A', SECOND + 1, 'm1', 1, [['def', 3 * SECOND]]], 1],
      ];
      for (const [removal, failures] of removals) {
        const logs = { ...files, 'dan-2': early, 'cleo-1': cleo, nemesis: [...(files['nemesis'] ?? []), removal] };
        expect((await judged(logs)).verdict, removal.join(' ')).to.have.length(failures);
      }
    });

    it('finds two tasks of one partition in one process, whatever became of the lease', async () => {
      const twice = [...task(30, SECOND), ...task(33, 2 * SECOND, 3 * SECOND), ...(files['cleo-1'] ?? []).slice(2)];
      const { verdict } = await judged({ ...files, 'cleo-1': twice, 'dan-2': (files['dan-2'] ?? []).slice(1) });
      expect(verdict).to.deep.equal(['cleo-1: two tasks of pool/0 at a time']);
    });

    it('finds a worker that has two partitions less than another at the end, and one that nobody has', async () => {
      const greedy = [...(files['cleo-1'] ?? []), ...leads(50, 60 * SECOND, END, 'pool/2')];
      const lazy = [...task(40, 2 * SECOND), ...leads(41, SECOND, 59 * SECOND, 'pool/2')];
      const three = await judged({
        ...files,
        'cleo-1': greedy,
        'dan-2': [...lazy, ...leads(42, SECOND, END, 'pool/3')],
      });
      expect(three.verdict).to.deep.equal(['the pool was not balanced at the end: cleo 3, dan 1, nobody 0']);
      const nobody = await judged({
        ...files,
        'dan-2': [...lazy, ...leads(42, 61 * SECOND, END - 2 * SECOND, 'pool/3')],
      });
      expect(nobody.verdict).to.include('the pool was not balanced at the end: cleo 2, dan 0, nobody 2');
    });

    it('fails a run in which no partition was let go in order', async () => {
      const none = [...task(30, SECOND), ...(files['cleo-1'] ?? []).slice(2)];
      expect((await judged({ ...files, 'cleo-1': none })).verdict).to.deep.equal([
        'no partition of the pool was let go in order',
      ]);
    });
  });

  describe('on what a run has done', () => {
    it('fails a run in which the leader never changed', async () => {
      const { verdict } = await judged({ 'ada-1': leads(10, SECOND, 70 * SECOND), 'ben-1': [], journal: [] });
      expect(verdict).to.deep.equal(['too few changes of leader: 0, not 1', 'no guarded write was committed']);
    });

    it('fails a long run in which a kind of fault never came, but not a short one', async () => {
      const [, ...rest] = GOOD['nemesis'] ?? [];
      const lasting = (ms: number): readonly LogRecord[] => [['P', 0, ms, ['kill', 'pause'], ['main']], ...rest];
      expect((await judged({ nemesis: lasting(119_000) })).verdict).to.deep.equal([]);
      expect((await judged({ nemesis: lasting(300_000) })).verdict).to.include('never applied: pause');
    });

    it('fails a long run in which plans were not forged in every way, but not a short one', async () => {
      const [, ...rest] = GOOD['nemesis'] ?? [];
      const forging = (ms: number, ways: readonly string[]): readonly LogRecord[] => [
        ['P', 0, ms, ['forged plans'], ['main']],
        ...rest,
        ['F', SECOND, 9, 'forged plans', 'the pool'],
        ...ways.map((how): LogRecord => ['G', 2 * SECOND, how, '1f']),
      ];
      const some = FORGERIES.filter((how) => how !== 'old' && how !== 'dropped');
      expect((await judged({ nemesis: forging(119_000, some) })).verdict).to.deep.equal([]);
      const { verdict, findings } = await judged({ nemesis: forging(300_000, some) });
      expect(verdict).to.include('no plan was forged so: old, dropped');
      expect([...findings.faults.forged.keys()]).to.deep.equal(some);
      expect((await judged({ nemesis: forging(300_000, FORGERIES) })).verdict.join()).not.to.include('forged');
    });

    it('fails an empty run in every respect', async () => {
      const { verdict } = await judged({ 'ada-1': [], 'ben-1': [], nemesis: [], journal: [] });
      expect(verdict).to.deep.equal([
        'no leader was seen',
        'too few changes of leader: 0, not 1',
        'no guarded write was committed',
        'no fault was applied',
        'the run was not finished',
      ]);
    });
  });

  it('skips what a killed process has written but half, and refuses any other line that it does not know', async () => {
    const text = (GOOD['ada-1'] ?? []).map(encode).join('');
    expect((await judged({ 'ada-1': `${text}["R",10,20` })).verdict).to.deep.equal([]);
    const err = await judged({ 'ada-1': `["R",10,20\n${text}` }).catch(String);
    expect(err).to.match(/ada-1\.log holds a line that is no record: \["R",10,20$/);
  });
});
