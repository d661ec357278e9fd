import { expect } from 'chai';
import { LeaderEvents } from '../../lib/campaign/leader-events.js';
import type { Head } from '../../lib/queue/place.js';
import { Game } from '../pool/simulation/game.js';
import { NewsOrder } from './news-order.js';
import { runSchedule } from './schedule.js';
import { planOf } from './search.js';

/** Carries all of them out, and returns what was told, and what was told out of order. */
async function orderIn(
  many: number,
  carryOut: (seed: number) => Promise<{ readonly violation: Error | undefined }>,
): Promise<NewsOrder> {
  const order = new NewsOrder();
  try {
    for (let seed = 1; seed <= many; seed++) {
      const { violation } = await carryOut(seed);
      expect(violation, `of ${seed}`).to.equal(undefined);
    }
  } finally {
    order.close();
  }
  return order;
}

const schedule = (seed: number) => runSchedule(planOf(seed));

describe('news', () => {
  it('only goes up: a call down tells nobody anything before it returns', async () => {
    const { told, turns } = await orderIn(60, schedule);
    expect([...turns]).to.deep.equal([]);
    expect([...told]).to.include.members([
      'Candidacy.failed',
      'Candidacy.keyGone',
      'LeaderEvents.changed',
      'LeaseManager.lost',
      'Steering.found',
      'Succession.told',
    ]);
  });

  it('only goes up in a pool too', async () => {
    const { told, turns } = await orderIn(5, (seed) => new Game(seed).play());
    expect([...turns]).to.deep.equal([]);
    expect([...told]).to.include.members([
      'Membership.lost',
      'Overview.found',
      'Registration.changed',
      'Worker.gained',
    ]);
  });

  it('is found to go down when a call down is answered before it returns', async () => {
    const { joined } = LeaderEvents.prototype;
    LeaderEvents.prototype.joined = function (head: Head | undefined): void {
      joined.call(this, head);
      if (head !== undefined) this.changed(head);
    };
    try {
      const { turns } = await orderIn(1, schedule);
      expect([...turns]).to.deep.equal(['Campaign.joined > LeaderEvents.changed']);
    } finally {
      LeaderEvents.prototype.joined = joined;
    }
  });
});
