import { expect } from 'chai';
import { linesOf, type Scene } from '../lib/cli/top/layout.js';
import { FIRST, type Press, press, type ScreenState } from '../lib/cli/top/screen-state.js';
import { columnsOf, crop, span } from '../lib/cli/top/text.js';
import type { ElectionPicture, Picture } from '../lib/view/picture.js';

const NOW = Date.UTC(2026, 0, 1, 12);

/** An election that somebody has led for some seconds. */
function election(name: string, value: string, seconds: number, waiting = 0): ElectionPicture {
  const from = { at: NOW - seconds * 1_000, isExact: true };
  const queue = Array.from({ length: waiting + 1 }, (_, at) => {
    return { leaseId: `a${at}`, fencingToken: BigInt(at + 1), isOurs: true, value: at === 0 ? value : undefined };
  });
  const leader = { value, fencingToken: 1n, leaseId: 'a0', since: from };
  const end = { until: undefined, ended: undefined, why: undefined };
  const term = { value, fencingToken: 1n, leaseId: 'a0', from, ...end, isRecorded: false };
  return { name, leader, blockedBy: undefined, queue, terms: [term] };
}

describe('what etcd-leader top shows', () => {
  const picture: Picture = {
    revision: 7n,
    elections: [election('a', 'one', 60), election('b', 'two', 5, 3), election('c', 'one more', 7_200, 1)],
    pools: [{ name: 'p', members: [], partitions: [{ name: '0', owner: undefined, fencingToken: undefined }] }],
  };
  const scene: Scene = { picture, isRead: true, prefix: '', now: NOW, outage: undefined };
  const shown = { picture, now: NOW, page: 10 };
  const SIZE = { columns: 120, rows: 12 };

  const pressed = (...presses: readonly (Press | string)[]): ScreenState =>
    presses.reduce<ScreenState>((state, each) => {
      return press(state, typeof each === 'string' ? { text: each } : each, shown);
    }, FIRST);
  const names = (state: ScreenState): string =>
    linesOf(state, scene, SIZE)
      .slice(2, -1)
      .map(({ text }) => text.slice(0, 1).trim())
      .join('');

  it('is sorted by each column, and reversed', () => {
    expect(names(FIRST)).to.equal('abcp');
    expect(names(pressed('r'))).to.equal('pcba');
    expect(names(pressed('5'))).to.equal('bcap');
    expect(names(pressed('4'))).to.equal('bacp');
    expect(names(pressed('s', 's', 's'))).to.equal('bacp');
  });

  it('is what matches the filter, in the name or in the leader', () => {
    expect(names(pressed('/', 'one'))).to.equal('ac');
    expect(names(pressed('/ONE'))).to.equal('ac');
    expect(names(pressed('/one', { key: 'erase' }, { key: 'erase' }, { key: 'erase' }))).to.equal('abcp');
    expect(names(pressed('/one', { key: 'escape' }))).to.equal('abcp');
    expect(names(pressed('/one\r', { key: 'escape' }))).to.equal('abcp');
    expect(linesOf(pressed('/nobody at all'), scene, SIZE)[2]?.text).to.equal('nothing matches the filter');
  });

  it('takes what is typed together as it takes single keys', () => {
    expect(pressed('/mail q\r')).to.deep.equal({ ...FIRST, filter: 'mail q' });
    expect(pressed('/x\u007fy\r').filter).to.equal('y');
    expect(pressed('jjq').isDone).to.equal(true);
  });

  it('is one election with its queue and terms, and the list again', () => {
    const open = pressed({ key: 'down' }, { key: 'enter' });
    const text = linesOf(open, scene, { columns: 120, rows: 20 }).map((line) => line.text);
    expect(text[0]).to.equal('etcd-leader top  b');
    expect(text.slice(1, -1).filter((line) => line !== '')).to.deep.equal([
      'QUEUE (4)',
      'TOKEN      LEASE            VALUE',
      `1          a0               ${'two'.padEnd(68)}  leads`,
      ...[2, 3, 4].map((n) => `${n}          a${n - 1}               ${' '.repeat(68)}`),
      'TERMS, the last one first, times in UTC',
      'TOKEN      FROM                 LASTED   ENDED       VALUE',
      '1          11:59:55             5s       leads       two',
    ]);
    expect(press(open, { key: 'escape' }, shown).open).to.equal(undefined);
  });

  it('keeps the chosen line when others come and go', () => {
    const state = pressed({ key: 'end' });
    expect(state.chosen).to.deep.equal({ kind: 'pool', name: 'p' });
    const fewer = { ...shown, picture: { ...picture, elections: [] } };
    expect(press(state, { key: 'enter' }, fewer).open?.name).to.equal('p');
  });

  for (const [columns, rows] of [
    [1, 1],
    [5, 2],
    [20, 5],
    [80, 24],
    [200, 60],
  ] as const) {
    it(`has ${rows} lines of at most ${columns} columns`, () => {
      for (const state of [
        FIRST,
        pressed('/x'),
        pressed({ key: 'enter' }),
        pressed({ key: 'end' }, { key: 'enter' }),
      ]) {
        for (const outage of [undefined, 'etcd does not answer: 漢字'.repeat(20)]) {
          const lines = linesOf(state, { ...scene, outage }, { columns, rows });
          expect(lines).to.have.length(rows);
          expect(Math.max(...lines.map(({ text }) => columnsOf(text)))).to.be.at.most(columns);
        }
      }
    });
  }

  it('counts columns: wide characters take two, and none is cut in half', () => {
    expect(crop('漢字テスト', 5)).to.equal('漢字…');
    expect(crop('漢字テスト', 10)).to.equal('漢字テスト');
    expect(crop('👨‍👩‍👧‍👦x', 2)).to.equal('…');
    expect(crop('abc', 0)).to.equal('');
  });

  it('tells spans in two units', () => {
    const spans = [0, 59_999, 60_000, 3_599_000, 3_600_000, 172_799_000, 172_800_000].map(span);
    expect(spans).to.deep.equal(['0s', '59s', '1m 00s', '59m 59s', '1h 00m', '47h 59m', '2d 00h']);
  });
});
