import { expect } from 'chai';
import { LeaderEvents } from '../../lib/campaign/leader-events.js';
import type { Head } from '../../lib/queue/place.js';
import { NewsOrder } from './news-order.js';
import { runSchedule } from './schedule.js';
import { planOf } from './search.js';

/** Runs schedules, and returns what was told, and what was told out of order. */
async function orderIn(schedules: number): Promise<NewsOrder> {
  const order = new NewsOrder();
  try {
    for (let seed = 1; seed <= schedules; seed++) {
      const { violation } = await runSchedule(planOf(seed));
      expect(violation, `of schedule ${seed}`).to.equal(undefined);
    }
  } finally {
    order.close();
  }
  return order;
}

describe('news', () => {
  it('only goes up: a call down tells nobody anything before it returns', async () => {
    const { told, turns } = await orderIn(100);
    expect([...turns]).to.deep.equal([]);
    expect([...told.keys()]).to.include.members([
      'Candidacy.failed',
      'Candidacy.keyGone',
      'LeaderEvents.changed',
      'LeaseManager.giveUp',
      'Steering.found',
      'Succession.told',
    ]);
  });

  it('is found to go round when a call down is answered before it returns', async () => {
    const { joined } = LeaderEvents.prototype;
    LeaderEvents.prototype.joined = function (head: Head | undefined): void {
      joined.call(this, head);
      if (head !== undefined) this.changed(head);
    };
    try {
      const { turns } = await orderIn(1);
      expect([...turns]).to.deep.equal(['Campaign.joined > LeaderEvents.changed']);
    } finally {
      LeaderEvents.prototype.joined = joined;
    }
  });
});
