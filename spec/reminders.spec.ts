import { expect } from 'chai';
import { duration, Reminders } from '../lib/common/reminders.js';

describe('reminders', () => {
  it('tell a trouble that lasts when it begins, after 10 s, 30 s, 1 min, 5 min, and every 5 min from then on', () => {
    const reminders = new Reminders();
    const told: number[] = [];
    for (let now = 1_000; now <= 1_201_000; now += 1_000) {
      const lasts = reminders.due('a', now);
      if (lasts !== undefined) told.push(lasts);
    }
    expect(told).to.deep.equal([0, 10_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_200_000]);
  });

  it('tell it at its next notice, to the millisecond', () => {
    const reminders = new Reminders();
    const at = [0, 9_999, 10_000, 29_999, 30_001].map((now) => reminders.due('a', now));
    expect(at).to.deep.equal([0, undefined, 10_000, undefined, 30_001]);
  });

  it('tell a trouble that is noticed late once for all the moments that it has missed', () => {
    const reminders = new Reminders();
    const at = [0, 20_000, 45_000, 59_999, 60_000].map((now) => reminders.due('a', now));
    expect(at).to.deep.equal([0, 20_000, 45_000, undefined, 60_000]);
  });

  it('tell a trouble of another kind at once', () => {
    const reminders = new Reminders();
    expect([reminders.due('a', 0), reminders.due('b', 1), reminders.due('a', 2)]).to.deep.equal([0, 0, undefined]);
  });

  it('take a trouble that was not noticed for more than 30 s for a new one', () => {
    const reminders = new Reminders();
    const at = [0, 30_000, 60_001, 60_002].map((now) => reminders.due('a', now));
    expect(at).to.deep.equal([0, 30_000, 0, undefined]);
  });

  for (const [ms, text] of [
    [10_400, '10 s'],
    [119_999, '120 s'],
    [120_000, '2 min'],
    [7_199_999, '120 min'],
    [7_200_000, '2 h'],
  ] as const) {
    it(`say ${text} for ${ms} ms`, () => {
      expect(duration(ms)).to.equal(text);
    });
  }
});
