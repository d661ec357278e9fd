import { expect } from 'chai';
import { createClient, Election } from '../../lib/index.js';
import {
  composeKill,
  composePause,
  composeStart,
  composeUnpause,
  composeUp,
  SERVICES,
  type Service,
} from '../support/cluster/compose.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const HOSTS = Object.values(SERVICES);
const MEMBERS = Object.keys(SERVICES) as Service[];

/** Runs on the containers of docker-compose.yml, which `npm run test:compose` has started before. */
describe('a cluster of containers', () => {
  let down: () => Promise<void>;

  before(async function () {
    this.timeout(120_000);
    ({ down } = await composeUp());
  });

  after(async function () {
    this.timeout(60_000);
    await down();
  });

  function candidate(name: string, value: string): Election {
    const client = tracked(createClient({ hosts: HOSTS }));
    return tracked(new Election(client, name, { value, ttl: 12 }));
  }

  async function firstAndSecond(): Promise<{ first: Election; second: Election; story: readonly string[] }> {
    const name = uniqueName('compose');
    const first = candidate(name, 'first');
    const second = candidate(name, 'second');
    const story = tell({ first, second });
    await first.start().elected();
    second.start();
    await until(() => second.state === 'waiting', { what: 'the second waits' });
    return { first, second, story };
  }

  /** The election is alive: each of the two candidates can lead. */
  async function handOver(from: Election, to: Election): Promise<void> {
    const [leadership] = await Promise.all([to.elected(), from.stepDown()]);
    expect(await leadership.verify()).to.equal(true);
  }

  for (const member of MEMBERS) {
    it(`keeps its leader while ${member} is paused, and hands over`, async function () {
      this.timeout(90_000);
      const { first, second, story } = await firstAndSecond();
      await composePause(member);
      try {
        let refreshes = 0;
        first.on('refresh', () => refreshes++);
        await until(() => refreshes >= 4, { within: 30_000, what: 'four refreshes' });
        expect(story).to.not.include('first unelected: LEASE_EXPIRED');
        await handOver(first, second);
      } finally {
        await composeUnpause(member);
      }
    });

    it(`keeps its leader or finds the next when ${member} is killed, and hands over afterwards`, async function () {
      this.timeout(90_000);
      const { first, second } = await firstAndSecond();
      await composeKill(member);
      try {
        await until(() => first.isLeader() || second.isLeader(), { within: 30_000, what: 'somebody leads' });
      } finally {
        await composeStart(member);
      }
      const [leader, other] = first.isLeader() ? [first, second] : [second, first];
      await until(() => other.state === 'waiting', { within: 30_000, what: 'the other waits' });
      await handOver(leader, other);
    });
  }

  it('elects again after all of its members were killed and came back', async function () {
    this.timeout(120_000);
    const { first, second, story } = await firstAndSecond();
    await Promise.all(MEMBERS.map(composeKill));
    await until(() => story.includes('first unelected: LEASE_EXPIRED'), {
      within: 30_000,
      what: 'the leader gives up',
    });
    await composeUp();
    await until(() => first.isLeader() || second.isLeader(), { within: 30_000, what: 'somebody leads again' });
  });
});
