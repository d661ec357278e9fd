import { expect } from 'chai';
import { StillClock } from '../lib/testing/still-clock.js';
import { drawnElection } from './support/browser/drawn.js';
import { electionIn, FakeView } from './support/serve/fake-view.js';
import { EventFollower, sendRequest } from './support/serve/http.js';
import { failuresOfSites, openSite } from './support/serve/site.js';
import { until } from './support/wait.js';

describe('etcd-leader serve', () => {
  afterEach(() => expect(failuresOfSites()).to.deep.equal([]));

  describe('/leader/<election>', () => {
    it('answers 200 while a candidate of this host leads, and 503 when another one does or nobody', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('a', 'web-1', 5n), electionIn('b', 'web-2'), electionIn('c', undefined));
      await trusted(url);
      const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => sendRequest(url, `/leader/${name}`)));
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 503, 503, 503]);
      const leader = { value: 'web-1', fencingToken: '5', leaseId: '694d9a1b2c3d4e5f' };
      const since = { at: 1_700_000_000_000, exact: true };
      expect(answers[0]?.json).to.deep.equal({
        election: 'a',
        leads: true,
        leader: { ...leader, since },
        reason: null,
      });
      expect(answers.slice(1).map(({ json }) => [json.leads, json.leader?.value, json.reason])).to.deep.equal([
        [false, 'web-2', 'another candidate leads'],
        [false, undefined, 'nobody leads'],
        [false, undefined, 'nobody leads'],
      ]);
    });

    it('answers 503 for an election that is blocked, whoever stands behind the key', async () => {
      const { url, view } = await openSite();
      const { queue } = electionIn('a', 'web-1');
      const key = { leaseId: '0', fencingToken: 3n, isOurs: false, value: 'web-1' };
      view.draw({ ...electionIn('a', undefined), blockedBy: 'a/readme', queue: [key, ...queue] });
      await trusted(url);
      const { status, json } = await sendRequest(url, '/leader/a');
      expect([status, json]).to.deep.equal([
        503,
        { election: 'a', leads: false, leader: null, reason: 'nobody leads' },
      ]);
      expect((await sendRequest(url, '/api/elections/a')).json.blockedBy).to.equal('a/readme');
    });

    it('answers for whoever asks with ?value=', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('a', 'web 2+3'));
      await trusted(url);
      const statuses = await Promise.all(
        ['value=web%202%2B3', 'value=web+2%2B3', 'value=web-1', 'value=', 'value=a&value=b'].map(async (query) => {
          return (await sendRequest(url, `/leader/a?${query}`)).status;
        }),
      );
      expect(statuses).to.deep.equal([200, 200, 503, 503, 400]);
    });

    it('takes names with slashes, dots and percent signs, encoded or not', async () => {
      const { url, view } = await openSite();
      const names = ['jobs/nightly', '../etc', 'a%2fb', 'ünï'];
      view.draw(...names.map((name) => electionIn(name, 'web-1')));
      await trusted(url);
      const paths = ['jobs/nightly', 'jobs%2Fnightly', '../etc', 'a%252fb', '%C3%BCn%C3%AF'];
      for (const path of paths) expect((await sendRequest(url, `/leader/${path}`)).status, path).to.equal(200);
    });

    it('answers HEAD and OPTIONS with the same status and no body', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('a', 'web-1'));
      await trusted(url);
      for (const method of ['HEAD', 'OPTIONS']) {
        for (const [name, expected] of [
          ['a', 200],
          ['b', 503],
        ] as const) {
          const { status, text } = await sendRequest(url, `/leader/${name}`, { method });
          expect([status, text], `${method} ${name}`).to.deep.equal([expected, '']);
        }
      }
    });

    it('calls nobody the leader once etcd has not answered for as long as it vouches', async () => {
      const clock = new StillClock();
      let isAnswering = true;
      let asked = 0;
      const { url, view } = await openSite({
        clock,
        vouchFor: 5_000,
        ask: () => {
          asked++;
          return isAnswering ? Promise.resolve() : Promise.reject(new Error('away'));
        },
      });
      view.draw(electionIn('a', 'web-1'));
      clock.move(1_000);
      await trusted(url);
      isAnswering = false;
      clock.move(5_000);
      expect((await sendRequest(url, '/leader/a')).status, 'at the bound').to.equal(200);
      clock.move(1);
      const late = await sendRequest(url, '/leader/a');
      expect([late.status, late.json.leader, late.json.reason]).to.deep.equal([
        503,
        null,
        'etcd has not answered for too long',
      ]);
      isAnswering = true;
      const before = asked;
      await until(
        async () => {
          clock.move(1_000);
          return asked > before && (await sendRequest(url, '/leader/a')).status === 200;
        },
        { what: 'the answer to count again' },
      );
    });

    it('does not take an answer for a proof while the view has trouble', async () => {
      const clock = new StillClock();
      const { url, view } = await openSite({ clock });
      view.draw(electionIn('a', 'web-1'));
      clock.move(1_000);
      await trusted(url);
      view.fail();
      for (let second = 0; second < 6; second++) {
        clock.move(1_000);
        await Promise.resolve();
      }
      expect((await sendRequest(url, '/leader/a')).status).to.equal(503);
      view.answer();
      await until(
        async () => {
          clock.move(1_000);
          return (await sendRequest(url, '/leader/a')).status === 200;
        },
        { what: 'the picture to be believed again' },
      );
    });

    it('counts from when etcd was asked, not from when it answered', async () => {
      const clock = new StillClock();
      let answer = (): void => {};
      const { url, view } = await openSite({ clock, ask: () => new Promise<void>((resolve) => (answer = resolve)) });
      view.draw(electionIn('a', 'web-1'));
      clock.move(4_000);
      answer();
      await until(async () => (await sendRequest(url, '/leader/a')).status === 200, { what: 'the answer' });
      clock.move(1_001);
      expect((await sendRequest(url, '/leader/a')).status).to.equal(503);
    });
  });

  describe('the JSON', () => {
    it('is the whole picture, one election, one pool; 404 for what is not there', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('jobs/a', 'web-1', 12n));
      const member = { id: 'w', leaseId: '1', owned: 1, isCoordinator: true };
      view.drawPool({ name: 'p', members: [member], partitions: [{ name: '0', owner: 'w', fencingToken: 3n }] });
      const all = (await sendRequest(url, '/api/elections')).json;
      expect([all.revision, all.outage, typeof all.now]).to.deep.equal(['3', null, 'number']);
      expect(all.elections[0].leader.fencingToken).to.equal('12');
      expect((await sendRequest(url, '/api/elections/jobs/a')).json.name).to.equal('jobs/a');
      expect((await sendRequest(url, '/api/elections/jobs%2fa')).json.name).to.equal('jobs/a');
      expect((await sendRequest(url, '/api/pools/p')).json.partitions).to.deep.equal([
        { name: '0', owner: 'w', fencingToken: '3' },
      ]);
      for (const path of ['/api/elections/x', '/api/pools/x', '/api', '/x', '/api/elections/']) {
        expect((await sendRequest(url, path)).status, path).to.equal(404);
      }
    });

    it('is 503 before the first picture, and says of an outage afterwards', async () => {
      const view = new FakeView({ isStarted: false });
      const { url, following } = await openSite({ view });
      for (const path of ['/api/elections', '/api/elections/a', '/leader/a', '/healthz']) {
        expect((await sendRequest(url, path)).status, path).to.equal(503);
      }
      view.begin();
      await following;
      expect((await sendRequest(url, '/api/elections')).status).to.equal(200);
      view.fail();
      const { outage } = (await sendRequest(url, '/api/elections')).json;
      expect([outage.code, outage.message, typeof outage.since]).to.deep.equal([
        'UNAVAILABLE',
        'described: UNAVAILABLE',
        'number',
      ]);
    });
  });

  describe('/healthz', () => {
    it('is 503 and says that etcd has not answered yet, before the first picture', async () => {
      const { url } = await openSite({ view: new FakeView({ isStarted: false }) });
      const { status, json } = await sendRequest(url, '/healthz');
      const early = { status: 'etcd has not answered yet', code: 'UNAVAILABLE', since: null, age: null };
      expect([status, json]).to.deep.equal([503, early]);
    });

    it('is 200 while etcd answers, and 503 with the code of what is wrong', async () => {
      const { url, view } = await openSite();
      await until(async () => (await sendRequest(url, '/healthz')).status === 200, { what: 'etcd to have answered' });
      expect((await sendRequest(url, '/healthz')).json.status).to.equal('ok');
      view.fail('PERMISSION_DENIED');
      const { status, json } = await sendRequest(url, '/healthz');
      expect([status, json.code]).to.deep.equal([503, 'PERMISSION_DENIED']);
      view.answer();
      expect((await sendRequest(url, '/healthz')).status).to.equal(200);
    });
  });

  describe('/metrics', () => {
    it('counts elections, leaders and their changes, the age of the picture, and clients', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('a', 'web-1', 1n), electionIn('b', undefined));
      view.draw(electionIn('a', undefined));
      view.draw(electionIn('a', 'web-2', 2n));
      view.draw(electionIn('gone', 'x'));
      view.erase('gone');
      await EventFollower.at(url);
      const { status, headers, text } = await sendRequest(url, '/metrics');
      expect(status).to.equal(200);
      expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
      const figures = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      expect(figures.filter((line) => !line.includes('age_seconds'))).to.deep.equal([
        'etcd_leader_view_elections 2',
        'etcd_leader_view_elections_led 1',
        'etcd_leader_view_pools 0',
        'etcd_leader_view_clients 1',
        'etcd_leader_view_leader_changes_total{election="a"} 2',
        'etcd_leader_view_leader_changes_total{election="b"} 0',
      ]);
      expect(figures.find((line) => line.includes('age_seconds'))).to.match(/ (\d[\d.e-]*|\+Inf)$/);
    });
  });

  describe('/api/events', () => {
    it('begins with the whole picture, then tells what changes and what is gone', async () => {
      const { url, view } = await openSite();
      view.draw(electionIn('a', 'web-1'), electionIn('b', 'web-1'));
      const follower = await EventFollower.at(url);
      const { data: picture } = await follower.event('picture');
      expect(picture.elections.map(({ name }: { name: string }) => name)).to.deep.equal(['a', 'b']);
      view.draw(electionIn('a', 'web-2', 9n));
      view.erase('b');
      const { data } = await follower.event('changed', ({ gone }) => gone.elections.length > 0);
      expect([data.elections[0].leader.value, data.gone, data.pools, data.revision, typeof data.now]).to.deep.equal([
        'web-2',
        { elections: ['b'], pools: [] },
        [],
        '4',
        'number',
      ]);
    });

    it('tells a thousand changes at once in few events', async () => {
      const { url, view } = await openSite();
      const follower = await EventFollower.at(url);
      await follower.event('picture');
      for (let n = 0; n < 1_000; n++) view.draw(electionIn(`e${n}`, 'x'));
      const seen = (): number => follower.events.filter(({ name }) => name === 'changed').length;
      await until(
        () => follower.events.some(({ data }) => data.elections?.some(({ name }: { name: string }) => name === 'e999')),
        { what: 'the last change' },
      );
      expect(seen()).to.be.lessThan(20);
    });

    it('tells an outage and its end, also to who comes in between', async () => {
      const { url, view } = await openSite();
      const first = await EventFollower.at(url);
      await first.event('picture');
      view.fail();
      expect((await first.event('outage')).data).to.include({ code: 'UNAVAILABLE', message: 'described: UNAVAILABLE' });
      const second = await EventFollower.at(url);
      await second.event('picture');
      expect(second.events.map(({ name }) => name)).to.deep.equal(['outage', 'picture']);
      view.answer();
      await Promise.all([first.event('answered'), second.event('answered')]);
    });

    it('leaves out, when it is asked to, terms that ended over a day ago, but for the newest of them', async () => {
      const { url, view } = await openSite();
      const hour = 3_600;
      const terms = [
        { value: 'a', from: 90 * hour, until: 80 * hour, ended: 'released' },
        { value: 'b', from: 80 * hour, until: 30 * hour, ended: 'lease ended' },
        { value: 'c', from: 20 * hour, until: 10 * hour, ended: 'released' },
        { value: 'd', from: 10 * hour },
      ] as const;
      view.draw(drawnElection('busy', terms), drawnElection('still', terms.slice(0, 2)), electionIn('new', undefined));
      const told = (elections: readonly { name: string; terms: readonly { value: string }[] }[]): object =>
        Object.fromEntries(elections.map((one) => [one.name, one.terms.map(({ value }) => value).join('')]));
      const all = { busy: 'abcd', still: 'ab', new: '' };
      const recent = { busy: 'bcd', still: 'b', new: '' };
      const [whole, day] = await Promise.all([
        EventFollower.at(url),
        EventFollower.at(url, {}, '/api/events?terms=day'),
      ]);
      expect(told((await whole.event('picture')).data.elections)).to.deep.equal(all);
      expect(told((await day.event('picture')).data.elections)).to.deep.equal(recent);
      expect(told((await sendRequest(url, '/api/elections?terms=day')).json.elections)).to.deep.equal(recent);
      expect(told((await sendRequest(url, '/api/elections?terms=all')).json.elections)).to.deep.equal(all);
      expect(told([(await sendRequest(url, '/api/elections/busy')).json])).to.deep.equal({ busy: 'abcd' });

      view.draw(drawnElection('busy', terms, 200));
      // What was drawn before may be told again with it.
      const changed = async (follower: EventFollower): Promise<object> => {
        const busy = ({ elections }: { elections: readonly { name: string }[] }) =>
          elections.filter(({ name }) => name === 'busy');
        const { data } = await follower.event('changed', (news) => busy(news).length > 0);
        return told(busy(data) as never);
      };
      expect(await changed(whole)).to.deep.equal({ busy: 'abcd' });
      expect(await changed(day)).to.deep.equal({ busy: 'bcd' });
      for (const query of ['terms=', 'terms=week', 'terms=day&terms=day']) {
        expect((await sendRequest(url, `/api/elections?${query}`)).status, query).to.equal(400);
      }
    });

    it('waits for the first picture', async () => {
      const view = new FakeView({ isStarted: false });
      const { url } = await openSite({ view });
      const follower = await EventFollower.at(url);
      view.fail();
      await follower.event('outage');
      view.draw(electionIn('a', 'web-1'));
      view.begin();
      view.answer();
      await follower.event('picture', ({ elections }) => elections.length === 1);
      expect(follower.events.map(({ name }) => name)).to.have.members(['outage', 'picture', 'answered']);
    });

    it('ends for all clients when the server ends, within a second', async () => {
      const { url, site, view } = await openSite();
      const followers = await Promise.all([EventFollower.at(url), EventFollower.at(url)]);
      await Promise.all(followers.map((follower) => follower.event('picture')));
      const start = performance.now();
      await site.close();
      expect(performance.now() - start).to.be.lessThan(1_000);
      await until(() => followers.every(({ isEnded }) => isEnded), { what: 'the streams to end' });
      expect(view.isClosed).to.equal(true);
    });
  });

  describe('the page', () => {
    it('is served from memory, with a tag by which browsers ask whether it has changed', async () => {
      const { url } = await openSite();
      const page = await sendRequest(url, '/');
      expect([page.status, page.headers['content-type']]).to.deep.equal([200, 'text/html; charset=utf-8']);
      expect(page.headers['cache-control']).to.equal('no-cache');
      const again = await sendRequest(url, '/', { headers: { 'if-none-match': page.headers.etag } });
      expect([again.status, again.text]).to.deep.equal([304, '']);
      expect((await sendRequest(url, '/', { method: 'HEAD' })).text).to.equal('');
    });
  });
});

/** Waits until etcd has answered once. */
async function trusted(url: string): Promise<void> {
  await until(async () => (await sendRequest(url, '/leader/nobody')).json.reason === 'nobody leads', {
    what: 'the picture to be believed',
  });
}
