import { expect } from 'chai';
import fc from 'fast-check';
import { Codes, letters } from '../lib/cli/serve/page/model/codes.js';
import { joinedTerms } from '../lib/cli/serve/page/model/joined-terms.js';
import { PictureStore } from '../lib/cli/serve/page/model/picture.js';
import { type Column, electionRows, inOrder } from '../lib/cli/serve/page/model/rows.js';
import { EventReader } from '../lib/cli/serve/page/model/sse.js';
import { countUnowned, durationText, ownerText, sinceText } from '../lib/cli/serve/page/model/text.js';
import type { ElectionJson, TermJson } from '../lib/view/json.js';

function election(name: string, leader?: string, token = '1', waiting = 0): ElectionJson {
  const since = { at: Number(token), exact: true };
  const queue = Array.from({ length: waiting }, (_, at) => ({
    leaseId: '1',
    fencingToken: String(at),
    isOurs: true,
    value: null,
  }));
  const head = leader === undefined ? null : { value: leader, fencingToken: token, leaseId: '1', since };
  return { name, leader: head, blockedBy: null, queue, terms: [] };
}

describe('what the page knows', () => {
  it('reads events wherever their text is cut', () => {
    const text = 'retry: 1000\n\n: still here\r\nevent: picture\r\ndata: {"a":1}\r\n\r\ndata: one\rdata:two\r\r';
    const events = [
      { event: 'picture', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), text.length];
        const reader = new EventReader();
        const read = edges.slice(1).flatMap((edge, at) => reader.read(text.slice(edges[at], edge)));
        expect([...read, ...reader.read('\n')]).to.deep.equal(events);
      }),
    );
  });

  it('takes what has changed, forgets what is gone, and tells the changes of leader', () => {
    const store = new PictureStore();
    const [one, two] = [election('a', 'ada', '1'), election('b')];
    store.replace({ elections: [one, two], pools: [] });
    const changes = store.change({
      elections: [election('b', 'ben', '2'), election('c'), election('d', 'dora', '3')],
      pools: [],
      gone: { elections: ['a'], pools: [] },
    });
    expect(changes).to.deep.equal([
      { election: 'b', leader: 'ben', token: '2' },
      { election: 'd', leader: 'dora', token: '3' },
    ]);
    expect([...store.elections.keys()]).to.deep.equal(['b', 'c', 'd']);
    const again = { elections: [election('d')], pools: [], gone: { elections: [], pools: [] } };
    expect(store.change(again)).to.deep.equal([{ election: 'd', leader: undefined, token: undefined }]);
    expect(store.change(again)).to.deep.equal([]);
  });

  it('has its elections in the order of their names, whichever come and go', () => {
    const store = new PictureStore();
    const names = (): string[] => store.inOrder.map(({ name }) => name);
    store.replace({ elections: [election('job-10'), election('job-2')], pools: [] });
    expect(names()).to.deep.equal(['job-2', 'job-10']);
    const gone = { elections: ['job-2'], pools: [] };
    store.change({ elections: [election('job-1')], pools: [], gone: { elections: [], pools: [] } });
    expect(names()).to.deep.equal(['job-1', 'job-2', 'job-10']);
    store.change({ elections: [election('job-3')], pools: [], gone });
    expect(names()).to.deep.equal(['job-1', 'job-3', 'job-10']);
    const after = election('job-3', 'ada');
    store.change({ elections: [after], pools: [], gone: { elections: [], pools: [] } });
    expect(store.inOrder[1]).to.equal(after);
  });

  it('joins the terms that it has asked for with those of the stream, each once', () => {
    const term = (fencingToken: string, ended: TermJson['ended']): TermJson => {
      const unknown = { from: null, until: null, why: null };
      return { value: 'ada', fencingToken, leaseId: '1', ...unknown, ended, isRecorded: true };
    };
    const asked = [term('1', 'released'), term('2', 'released'), term('9', null)];
    const streamed = [term('9', 'released'), term('10', null)];
    expect(joinedTerms(asked, streamed)).to.deep.equal([...asked.slice(0, 2), ...streamed]);
    expect(joinedTerms([], streamed)).to.deep.equal(streamed);
  });

  it('orders elections by each column, and those of one rank by name', () => {
    const all = [
      election('job-1', undefined, '0', 0),
      election('job-2', 'ada', '10', 1),
      election('job-3', 'ada', '11', 1),
      election('job-10', 'ben', '9', 3),
    ];
    const shuffled = ['job-10', 'job-2', 'job-1', 'job-3'];
    expect(inOrder(shuffled)).to.deep.equal(all.map(({ name }) => name));
    const names = (by: Column, isDescending = false): string[] =>
      electionRows(all, '', { by, isDescending }).map(({ name }) => name.replace('job-', ''));
    expect(names('name')).to.deep.equal(['1', '2', '3', '10']);
    expect(names('name', true)).to.deep.equal(['10', '3', '2', '1']);
    expect(names('leader')).to.deep.equal(['1', '2', '3', '10']);
    expect(names('token')).to.deep.equal(['1', '10', '2', '3']);
    expect(names('since', true)).to.deep.equal(['3', '2', '10', '1']);
    expect(names('queue', true)).to.deep.equal(['10', '2', '3', '1']);
  });

  it('finds elections by a part of their name or of their leader, in any case', () => {
    const all = [election('Billing', 'ada'), election('reports', 'BILL'), election('x')];
    const found = electionRows(all, ' bill ', { by: 'name', isDescending: false });
    expect(found.map(({ name }) => name)).to.deep.equal(['Billing', 'reports']);
  });

  it('leaves each worker its colour while others come and go, and gives free ones again', () => {
    const codes = new Codes();
    codes.assign(['a', 'b', 'c']);
    codes.assign(['d', 'c', 'a']);
    expect(['a', 'c', 'd'].map((name) => codes.of(name))).to.deep.equal([0, 2, 1]);
  });

  it('says of a partition whose owner is not a member that it has an owner', () => {
    const partitions = [
      { name: 'p-0', owner: null, fencingToken: null },
      { name: 'p-1', owner: null, fencingToken: '12' },
      { name: 'p-2', owner: 'ada', fencingToken: '11' },
    ];
    expect(partitions.map(ownerText)).to.deep.equal(['nobody owns it', 'its owner is not a member', 'ada']);
    expect(countUnowned(partitions)).to.equal(1);
  });

  it('has letters for any number of workers', () => {
    expect([0, 25, 26, 51, 52, 701, 702].map(letters)).to.deep.equal(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
  });

  it('tells durations in two units at the most', () => {
    const second = 1_000;
    const told = [0, 420, 9_949, 9_950, 59 * second, 60 * second, 189 * second, 7_500 * second, 273_600 * second];
    expect(told.map(durationText)).to.deep.equal([
      '0.0 s',
      '0.4 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min',
      '3 min 9 s',
      '2 h 5 min',
      '3 d 4 h',
    ]);
    expect(sinceText({ at: 0, exact: false }, 60_000)).to.equal('> 1 min');
  });
});
