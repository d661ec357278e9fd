import { expect } from 'chai';
import { boxAt, layOut, neighbour, segmentsOf, summaryOf } from '../lib/cli/serve/page/model/segments.js';
import { segmentLines, timelineText } from '../lib/cli/serve/page/model/text.js';
import type { ElectionJson, TermJson } from '../lib/view/json.js';
import type { TermEnd } from '../lib/view/picture.js';

interface Times {
  readonly from?: number;
  readonly until?: number;
  readonly ended?: TermEnd;
  /** From which time on somebody looked. */
  readonly isInexact?: boolean;
}

function term(value: string, { from, until, ended, isInexact = false }: Times = {}): TermJson {
  return {
    value,
    fencingToken: String(from ?? 1),
    leaseId: '694d',
    from: from === undefined ? null : { at: from, exact: !isInexact },
    until: until === undefined ? null : { at: until, exact: true },
    ended: ended ?? null,
    why: null,
    isRecorded: false,
  };
}

function election(...terms: readonly TermJson[]): ElectionJson {
  const last = terms.at(-1);
  const leader = last?.from && last.until === null ? { ...last, since: last.from } : null;
  return { name: 'jobs', leader, blockedBy: null, queue: [], terms };
}

const kindsOf = (one: ElectionJson): string[] =>
  segmentsOf(one).map((segment) => (segment.kind === 'gap' ? 'gap' : `${segment.kind} ${segment.term.value}`));

describe('the timeline of an election', () => {
  it('has a gap where nobody led, and none where the next one led at once', () => {
    const one = election(
      term('ada', { from: 1_000, until: 2_000, ended: 'lease ended' }),
      term('ben', { from: 2_001, until: 3_000, ended: 'handed over' }),
      term('cleo', { from: 3_000 }),
    );
    expect(kindsOf(one)).to.deep.equal(['term ada', 'gap', 'term ben', 'term cleo']);
  });

  it('has a gap that goes on while nobody leads', () => {
    const one = election(term('ada', { from: 1_000, until: 2_000 }));
    expect(segmentsOf(one).at(-1)).to.deep.equal({ kind: 'gap', from: 2_000, until: undefined });
  });

  it('calls nothing a gap that nobody saw', () => {
    const one = election(term('ada', { from: 1_000, until: 2_000 }), term('ben', { from: 9_000, isInexact: true }));
    expect(kindsOf(one)).to.deep.equal(['term ada', 'term ben']);
  });

  it('ends a term whose end nobody saw where the next begins, and says so', () => {
    const [first] = segmentsOf(election(term('ada', { from: 1_000 }), term('ben', { from: 5_000 })));
    expect(first).to.include({ kind: 'term', until: 5_000, isOpenEnd: true });
  });

  it('draws terms of unknown time as boxes of one width, before the first time that is known', () => {
    const one = election(term('old'), term('older'), term('ada', { from: 5_000, isInexact: true }));
    const boxes = layOut(segmentsOf(one), { from: 0, until: 10_000 }, 10_000, 1_000);
    expect(boxes.map(({ left, width }) => [left, width])).to.deep.equal([
      [476, 10],
      [488, 10],
      [500, 500],
    ]);
  });

  it('shows a gap of a millisecond in a window of a day, and finds it under the pointer', () => {
    const one = election(term('ada', { from: 1_000, until: 43_200_000 }), term('ben', { from: 43_200_001 }));
    const boxes = layOut(segmentsOf(one), { from: 0, until: 86_400_000 }, 86_400_000, 1_000);
    expect(boxAt(boxes, 501)?.segment.kind).to.equal('gap');
    expect(boxAt(boxes, 510)?.segment).to.include({ kind: 'term' });
    expect(boxAt(boxes, 1_000)).to.equal(undefined);
  });

  it('ends what goes on at the last time of which anything is known', () => {
    const one = election(term('ada', { from: 1_000 }));
    const [box] = layOut(segmentsOf(one), { from: 0, until: 10_000 }, 6_000, 1_000);
    expect([box?.left, box?.width]).to.deep.equal([100, 500]);
  });

  it('leaves out what was over before the window', () => {
    const one = election(term('ada', { from: 1_000, until: 2_000 }), term('ben', { from: 2_000 }));
    const boxes = layOut(segmentsOf(one), { from: 3_000, until: 4_000 }, 4_000, 100);
    expect(boxes.map(({ left, width }) => [left, width])).to.deep.equal([[0, 100]]);
  });

  it('counts in a window: terms, gaps and their time, terms that ended with their lease', () => {
    const segments = segmentsOf(
      election(
        term('ada', { from: 1_000, until: 2_000, ended: 'lease ended' }),
        term('ben', { from: 4_000, until: 6_000, ended: 'released' }),
      ),
    );
    expect(summaryOf(segments, { from: 0, until: 7_000 }, 7_000)).to.deep.equal({
      terms: 2,
      gaps: 2,
      without: 3_000,
      lost: 1,
    });
    expect(summaryOf(segments, { from: 3_000, until: 7_000 }, 7_000)).to.deep.equal({
      terms: 1,
      gaps: 2,
      without: 2_000,
      lost: 0,
    });
  });

  it('is walked from its end, and stays at both ends', () => {
    const segments = segmentsOf(election(term('ada', { from: 1 }), term('ben', { from: 2 })));
    const [first, last] = segments;
    expect(neighbour(segments, undefined, -1)).to.equal(last);
    expect(neighbour(segments, last, -1)).to.equal(first);
    expect(neighbour(segments, first, -1)).to.equal(first);
    expect(neighbour(segments, last, 1)).to.equal(last);
    const others = segmentsOf(election(term('cleo', { from: 3 })));
    expect(neighbour(segments, others[0], 1)).to.equal(last);
  });

  it('tells of each stretch who, which token, from when until when, and why it ended', () => {
    const noon = new Date(2026, 10, 26, 12).getTime();
    const one = election(
      term('ada', { from: noon, until: noon + 61_000, ended: 'lease ended', isInexact: true }),
      term('ben', { from: noon + 63_500 }),
    );
    expect(segmentsOf(one).map((segment) => segmentLines(segment, noon + 70_000).slice(0, 5))).to.deep.equal([
      ['ada', `token ${noon}`, 'from 12:00:00 or before', 'until 12:01:01 (> 1 min 1 s)', 'ended: lease ended'],
      ['Nobody led', 'from 12:01:01', 'until 12:01:03 (2.5 s)'],
      ['ben', `token ${noon + 63_500}`, 'from 12:01:03', 'until now (6.5 s)'],
    ]);
  });

  it('is told in a sentence to those who do not see it', () => {
    const segments = segmentsOf(
      election(
        term('ada', { from: 1_000, until: 2_000, ended: 'lease ended' }),
        term('ben', { from: 4_000, until: 5_000 }),
        term('cleo', { from: 5_000 }),
      ),
    );
    expect(timelineText(segments, { from: 0, until: 9_000, label: 'hour' }, 9_000)).to.equal(
      'in the last hour: 3 terms, 1 gap of together 2.0 s, 1 term ended with the lease',
    );
  });
});
