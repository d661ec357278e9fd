import { expect } from 'chai';
import { ViewWorld } from '../support/view/view-world.js';

const [A, B] = [0xa1n, 0xb2n];

/** Keys that look more or less like a candidate's, and are nobody's. */
const FOREIGN: readonly (readonly [string, string])[] = [
  ['users/77', 'an id that looks like a lease'],
  ['users/78', 'another'],
  ['config/a1', 'the lease of somebody else, not attached'],
  ['/a1', 'no election'],
  ['a1', 'no folder'],
  ['x//', 'nothing'],
  ['x/', 'nothing'],
  ['jobs!ask', '{'],
  ['jobs!taken', '{'],
  ['jobs!rank/a1', 'no number'],
  ['jobs!history', '[{}'],
  ['notes/\xff\xfe', '\xff'],
  ['plain', ''],
];

for (const tellsLeases of [true, false]) {
  describe(`a view among keys of others, when etcd ${tellsLeases ? 'tells' : 'does not tell'} leases of names`, () => {
    let world: ViewWorld;

    beforeEach(() => {
      world = new ViewWorld({ tellsLeases });
    });

    afterEach(() => world.closed());

    it('takes none of them for an election, as a read finds them and as they come', async () => {
      for (const [key, value] of FOREIGN.slice(0, 6)) world.etcd.put(key, value);
      world.join('jobs', A);
      await world.look();
      for (const [key, value] of FOREIGN) world.etcd.put(key, value);
      for (const [key, value] of FOREIGN) world.etcd.put(key, `${value} again`);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
      world.etcd.delete(...FOREIGN.map(([key]) => key));
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
    });

    it('shows that a key without a lease blocks an election, and who leads when it is gone', async () => {
      world.etcd.put('jobs/readme', 'x');
      world.join('jobs', A);
      await world.look();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme' });
      world.etcd.delete('jobs/readme');
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
      expect(world.terms('jobs')).to.have.length(1);
    });

    it('shows so too when the key is named like a lease', async () => {
      world.etcd.put('jobs/77', 'x');
      world.join('jobs', A);
      await world.look();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/77' });
    });

    it('shows so too when the key was there before the first candidate', async () => {
      world.etcd.put('jobs/readme', 'x');
      await world.look();
      expect(world.names).to.deep.equal([]);
      world.join('jobs', A);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme' });
      expect(world.terms('jobs')).to.deep.equal([]);
    });

    it('shows so too when the key comes later, once it is the first', async () => {
      world.join('jobs', A);
      await world.look();
      world.etcd.put('jobs/readme', 'x');
      world.join('jobs', B);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
      world.leave('jobs', A);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme' });
    });

    it('shows so too when many such keys are there, and the oldest are deleted', async () => {
      const keys = Array.from({ length: 15 }, (_, n) => `jobs/readme-${n}`);
      for (const key of keys) world.etcd.put(key, 'x');
      world.join('jobs', A);
      await world.look();
      world.etcd.delete(...keys.slice(0, 12));
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme-12' });
      for (const key of keys.slice(12)) {
        world.etcd.delete(key);
        await world.heard();
      }
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
    });

    it('shows so too when the key was there before the first candidate, behind many of nested elections', async () => {
      for (let n = 0; n < 25; n++) world.etcd.put(`jobs/nested/x${n}`, 'x');
      world.etcd.put('jobs/readme', 'x');
      await world.look();
      world.join('jobs', A);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme' });
    });

    it('takes no control key of a nested election for a key that blocks', async () => {
      world.etcd.put('jobs/nested!period', '{');
      await world.look();
      world.join('jobs', A);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'jobs a1' });
    });

    it('calls nobody the leader before it has looked for keys that were there before', async () => {
      world.join('jobs', A);
      world.join('other', A);
      await world.look();
      world.viewer.store.network = 'down';
      world.leave('jobs', A);
      world.etcd.put('jobs/readme', 'x');
      await world.advance(20_000);
      world.etcd.compact();
      world.viewer.store.network = 'up';
      await world.until(() => world.news.at(-1) === 'answered', 'etcd answers again');
      const led: unknown[] = [];
      world.view.on('changed', () => led.push(world.election('jobs')?.leader));
      world.join('jobs', B);
      world.join('other', B);
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/readme', other: 'other a1' });
      expect(led.length).to.be.greaterThan(0);
      expect(led).to.deep.equal(led.map(() => undefined));
    });

    it('shows that nobody leads by a key that somebody has written without its lease', async () => {
      world.join('jobs', A);
      await world.look();
      world.etcd.put('jobs/a1', 'jobs a1');
      await world.heard();
      expect(world.leaders).to.deep.equal({ jobs: 'blocked by jobs/a1' });
      world.join('jobs', A);
      await world.heard();
      expect([world.leaders, world.election('jobs')?.terms.length]).to.deep.equal([{ jobs: 'jobs a1' }, 1]);
    });

    it('finds candidates that are named after their lease in decimal, as etcd3 names them', async () => {
      const lease = 0x7587_9a3b_1c2d_4e5fn;
      world.etcd.grant(lease, 600);
      world.etcd.put(`election/jobs/${lease}`, 'old', lease);
      await world.look();
      expect(world.leaders).to.deep.equal({ 'election/jobs': 'old' });
      expect(world.election('election/jobs')?.queue[0]?.leaseId).to.equal('75879a3b1c2d4e5f');
    });

    it('reads ten thousand keys page by page, and finds the elections among them', async () => {
      for (let n = 0; n < 10_000; n++) world.etcd.put(`data/${n % 7}/x${n}`, 'y');
      for (let n = 0; n < 2_000; n++) world.join('queue', BigInt(0x1000 + n));
      world.join('data/3', A);
      await world.look();
      expect(world.names).to.deep.equal(['data/3', 'queue']);
      expect(world.leaders['queue']).to.equal('queue 1000');
      expect(world.election('queue')?.queue).to.have.length(2_000);
    });
  });
}
