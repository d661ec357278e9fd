import { expect } from 'chai';
import { type Entry, faultsOf } from '../support/queues/history.js';

/** `first begins a, first ends a`, with a token for each worker. */
function entriesOf(story: string): Entry[] {
  const tokens: Record<string, bigint> = { first: 1n, second: 2n };
  return story.split(', ').map((line) => {
    const [worker = '', verb, job = ''] = line.split(' ');
    const token = tokens[worker] ?? 0n;
    return { what: verb === 'begins' ? 'begin' : 'end', partition: '0', job, worker, token };
  });
}

const faults = (story: string, jobs: readonly string[]): string[] =>
  faultsOf(entriesOf(story), { jobs: new Map([['0', jobs]]), killed: 'first' });

describe('the check of what workers have done', () => {
  it('finds nothing in jobs done in order, and in the job of a killed worker that is done again', () => {
    const stories = [
      'first begins a, first ends a, second begins b, second ends b',
      'first begins a, second begins a, second ends a, second begins b, second ends b',
      'first begins a, first ends a, second begins a, second ends a, second begins b, second ends b',
    ];
    for (const story of stories) expect(faults(story, ['a', 'b']), story).to.deep.equal([]);
  });

  it('finds two jobs at a time, a wrong order, a job too much or too little, and a token of before', () => {
    const stories: readonly (readonly [string, string])[] = [
      ['second begins a, second begins b, second ends b', 'second begins b beside a of second'],
      ['first begins a, second begins b, second ends b', 'second begins b beside a of first'],
      ['second begins b, second ends b, second begins a, second ends a', 'done: b,a; sent: a,b'],
      ['second begins a, second ends a', 'done: a; sent: a,b'],
      ['second begins a, second ends a, second begins a, second ends a', 'done: a,a; sent: a,b'],
      ['second begins a, second ends a, first begins b, first ends b', 'first works on b with an older token'],
      ['second begins a, first ends a', 'first ends a, which it has not begun last'],
    ];
    for (const [story, fault] of stories) {
      expect(faults(story, ['a', 'b']), story).to.include(`partition 0: ${fault}`);
    }
  });
});
