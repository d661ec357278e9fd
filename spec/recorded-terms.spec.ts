import { expect } from 'chai';
import { bytesOfTerms, isOfLaterVersion, merged, type RecordedTerm, termsIn } from '../lib/queue/recorded-terms.js';

describe('the format of a history', () => {
  const term = (token: number, more: Partial<RecordedTerm> = {}): RecordedTerm => ({
    fencingToken: BigInt(token),
    value: `worker-${token}`,
    leaseId: (0xa0 + token).toString(16),
    from: 1_000 * token,
    until: undefined,
    why: undefined,
    ...more,
  });

  const tokens = (terms: readonly RecordedTerm[]): number[] => terms.map(({ fencingToken }) => Number(fencingToken));

  it('is JSON with a version, and comes back as it was', () => {
    const terms = [term(1, { until: 1_500, why: 'STOPPED' }), term(2, { until: 2_500 }), term(3)];
    const bytes = bytesOfTerms(terms, 10);
    expect(JSON.parse(bytes.toString())).to.deep.equal({
      v: 1,
      terms: [
        { token: '1', value: 'worker-1', lease: 'a1', from: 1_000, until: 1_500, why: 'STOPPED' },
        { token: '2', value: 'worker-2', lease: 'a2', from: 2_000, until: 2_500, why: null },
        { token: '3', value: 'worker-3', lease: 'a3', from: 3_000, until: null, why: null },
      ],
    });
    expect(termsIn(bytes)).to.deep.equal(terms);
  });

  it('keeps the newest terms, in the order of their tokens', () => {
    expect(tokens(termsIn(bytesOfTerms([term(3), term(1), term(10), term(2)], 3)))).to.deep.equal([2, 3, 10]);
  });

  it('is JSON without a term too', () => {
    expect(bytesOfTerms([], 3).toString()).to.equal('{"v":1,"terms":[]}');
  });

  it('holds 1,000 terms with values of 40 characters in less than 200,000 bytes', () => {
    const terms = Array.from({ length: 1_000 }, (_, at) =>
      term(4_000_000_000 + at, { value: 'x'.repeat(40), leaseId: 'f'.repeat(16), from: 1.7e12, until: 1.7e12 + 1 }),
    );
    const bytes = bytesOfTerms(
      terms.map((one) => ({ ...one, why: 'STOPPED' })),
      1_000,
    );
    expect(termsIn(bytes)).to.have.length(1_000);
    expect(bytes.length).to.be.lessThan(200_000);
  });

  it('leaves the oldest out where they do not fit, and is never longer than 200,000 bytes', () => {
    const long = '\u0001'.repeat(200); // 1,200 bytes of JSON
    const terms = Array.from({ length: 1_000 }, (_, at) => term(at + 1, { value: long }));
    const bytes = bytesOfTerms(terms, 1_000);
    expect(bytes.length).to.be.within(198_000, 200_000);
    const kept = termsIn(bytes);
    expect([kept.at(-1)?.fencingToken, kept[0]?.fencingToken]).to.deep.equal([1_000n, BigInt(1_001 - kept.length)]);
  });

  it('says 200 characters of a value', () => {
    const [cut] = termsIn(bytesOfTerms([term(1, { value: 'é'.repeat(201) })], 1));
    expect(cut?.value).to.equal('é'.repeat(200));
  });

  const wire = { token: '7', value: 'a', lease: '1f', from: 5, until: 6, why: 'STOPPED' };

  for (const [what, text] of Object.entries({
    nothing: '',
    'no JSON': '{"v":1,"terms":[',
    'a list': '[1]',
    null: 'null',
    'no version': JSON.stringify({ terms: [wire] }),
    'another version': JSON.stringify({ v: 2, terms: [wire] }),
    'terms that are no list': JSON.stringify({ v: 1, terms: { 0: wire } }),
  })) {
    it(`holds no terms when it is ${what}`, () => {
      expect(termsIn(Buffer.from(text))).to.deep.equal([]);
    });
  }

  for (const [what, wrong] of Object.entries({
    'is no object': 7,
    'is null': null,
    'has a number for a token': { ...wire, token: 7 },
    'has a token that is no number': { ...wire, token: '7n' },
    'has a token of 20 digits': { ...wire, token: '1'.repeat(20) },
    'has no value': { ...wire, value: undefined },
    'has a lease that is none': { ...wire, lease: 'worker' },
    'has no beginning': { ...wire, from: undefined },
    'begins before 1970': { ...wire, from: -1 },
    'begins later than a Date can say': { ...wire, from: 8.65e15 },
  })) {
    it(`leaves out a term that ${what}`, () => {
      expect(tokens(termsIn(Buffer.from(JSON.stringify({ v: 1, terms: [wrong, wire] }))))).to.deep.equal([7]);
    });
  }

  it('believes neither an end that is none nor a reason that is none', () => {
    const said = [
      { ...wire, token: '1', until: 'soon' },
      { ...wire, token: '2', why: '<b>' },
    ];
    const ends = termsIn(Buffer.from(JSON.stringify({ v: 1, terms: said }))).map(({ until, why }) => [until, why]);
    expect(ends).to.deep.equal([
      [undefined, undefined],
      [6, undefined],
    ]);
  });

  it('tells what a later version has written from what nobody understands', () => {
    const isLater = (text: string): boolean => isOfLaterVersion(Buffer.from(text));
    expect(['{"v":2}', '{"v":1,"terms":[]}', '{"v":"2"}', 'x'].map(isLater)).to.deep.equal([true, false, false, false]);
  });

  describe('when two say something', () => {
    it('has each term once, and takes the one that knows why it ended', () => {
      const ended = term(1, { until: 1_700, why: 'STOPPED' });
      const guessed = term(1, { until: 2_000 });
      expect(merged([guessed, term(2)], [ended])).to.deep.equal([ended, term(2)]);
      expect(merged([ended, term(2)], [guessed])).to.deep.equal([ended, term(2)]);
    });

    it('takes two terms with one token for two when their leases differ', () => {
      expect(merged([term(1)], [term(1, { leaseId: 'b' })])).to.have.length(2);
    });

    it('lets a term without an end last until the next one begins, at the most', () => {
      const [first, second] = merged([term(1), term(2)]);
      expect([first?.until, first?.why, second?.until]).to.deep.equal([2_000, undefined, undefined]);
    });

    it('lets no term end before it began, though the clocks of two leaders differ', () => {
      const [first] = merged([term(1), term(2, { from: 400 })]);
      expect(first?.until).to.equal(1_000);
    });
  });
});
