import { expect } from 'chai';
import { cellOf, type LaneStretch, type LanesOptions, lanesOf } from '../scripts/demo/lanes.js';

describe('the timeline of the demo', () => {
  const OPTIONS: LanesOptions = { names: ['ada', 'ben'], from: 0, now: 1_000, columns: 80 };
  const stretch = (name: string, from: number, until?: number, killed?: number): LaneStretch => {
    return { name, from, until, killed };
  };
  const drawn = (stretches: readonly LaneStretch[], options: Partial<LanesOptions> = {}): readonly string[] =>
    lanesOf(stretches, { ...OPTIONS, ...options }).map(({ name, cells, remark }) => `${name} [${cells}] ${remark}`);

  it('has a bar that grows while somebody leads', () => {
    const one = [stretch('ada', 0)];
    expect(drawn(one)).to.deep.equal(['ada [████████] leads: 1.0 s', 'ben [        ] ']);
    expect(drawn(one, { now: 1_250 })).to.deep.equal(['ada [██████████] leads: 1.3 s', 'ben [          ] ']);
  });

  it('has a lane of nobody from the death of a leader until the next one leads', () => {
    const dead = stretch('ada', 0, undefined, 500);
    expect(drawn([dead])).to.deep.equal([
      'ada [████░░░░] killed: its lease lasts',
      'ben [        ] ',
      'nobody [    ▒▒▒▒] ',
    ]);
    expect(drawn([{ ...dead, until: 750 }, stretch('ben', 750)])).to.deep.equal([
      'ada [████░░  ] killed',
      'ben [      ██] leads: 0.3 s',
      'nobody [    ▒▒  ] ',
    ]);
  });

  it('has no lane of nobody for a handover', () => {
    expect(drawn([stretch('ada', 0, 500), stretch('ben', 503)])).to.deep.equal([
      'ada [████    ] led 0.5 s',
      'ben [    ████] leads: 0.5 s',
    ]);
  });

  it('fits into the columns, however long it lasts', () => {
    for (const columns of [50, 80, 200]) {
      for (const now of [1_000, 20_000, 3_600_000]) {
        const options = { ...OPTIONS, now, columns };
        const [lane] = lanesOf([stretch('ada', 0, now - 1, 500)], options);
        expect(lane?.cells.length).to.equal(Math.ceil(now / cellOf(options)));
        expect(2 + 6 + 1 + (lane?.cells.length ?? 0) + 1 + (lane?.remark.length ?? 0)).to.be.below(columns);
      }
    }
  });
});
