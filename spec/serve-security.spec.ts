import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { MOST_STREAMS } from '../lib/cli/serve/event-streams.js';
import { MOST_CONNECTIONS } from '../lib/cli/serve/server.js';
import { electionIn } from './support/serve/fake-view.js';
import { EventFollower, type HttpAnswer, RawConnection, sendRequest } from './support/serve/http.js';
import { failuresOfSites, openSite, SECRET } from './support/serve/site.js';
import { until } from './support/wait.js';

const GUARDED = ['/api/elections', '/api/events', '/api/pools/x', '/leader/x', '/metrics', '/nothing'];
const OPEN = ['/', '/healthz', '/assets/x'];

/** What an attacker may put into an election. */
const EVIL = `</script><img src=x onerror=alert(1)>'"&\u2028\u0000data: x\n\nevent: evil`;

describe('the security of etcd-leader serve', () => {
  afterEach(() => expect(failuresOfSites()).to.deep.equal([]));

  describe('a name that leads here by DNS', () => {
    it('is refused, whatever is asked for', async () => {
      const { url } = await openSite({ hosts: ['leaders.example.com'] });
      for (const path of [...OPEN, ...GUARDED]) {
        for (const host of [
          'evil.example.com',
          'localhost.evil.com',
          '127.0.0.1.evil.com',
          '10.0.0.1',
          'a b',
          '[::1]',
        ]) {
          const { status } = await sendRequest(url, path, { headers: { host } });
          expect(status, `${path} as ${host}`).to.equal(403);
        }
      }
    });

    it('may be left out by HTTP/1.0 only, which no browser speaks', async () => {
      const { url } = await openSite();
      await until(async () => (await sendRequest(url, '/healthz')).status === 200, { what: 'etcd to have answered' });
      const status = async (head: string): Promise<string> => {
        const connection = (await RawConnection.to(url)).read().write(`${head}Connection: close\r\n\r\n`);
        await connection.closed();
        return connection.text.slice(9, 12);
      };
      expect(await status('GET /healthz HTTP/1.0\r\n')).to.equal('200');
      expect(await status('GET /healthz HTTP/1.1\r\n')).to.equal('400');
      expect(await status('GET /healthz HTTP/1.1\r\nHost:\r\n')).to.equal('403');
      expect(await status('GET /healthz HTTP/1.0\r\nHost: evil.example.com\r\n')).to.equal('403');
    });

    it('is served when it is the address, localhost, or named by --host, with any port', async () => {
      const { url } = await openSite({ hosts: ['leaders.example.com'] });
      for (const host of [
        '127.0.0.1:1',
        'localhost',
        'LOCALHOST:80',
        'Leaders.Example.com',
        'leaders.example.com:443',
      ]) {
        expect((await sendRequest(url, '/', { headers: { host } })).status, host).to.equal(200);
      }
    });
  });

  describe('a page of another server', () => {
    const foreign = [
      { origin: 'https://evil.example.com' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { origin: 'http://localhost' },
      { origin: 'http://127.0.0.1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ];
    for (const headers of foreign) {
      it(`may not ask: ${JSON.stringify(headers)}`, async () => {
        const { url } = await openSite();
        for (const path of ['/', ...GUARDED]) {
          const answer = await sendRequest(url, path, { headers });
          expect([answer.status, path]).to.deep.equal([403, path]);
          expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
        }
      });
    }

    it('may link to the page, and our own page may ask', async () => {
      const { url } = await openSite({ hosts: ['leaders.example.com'] });
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      expect((await sendRequest(url, '/', { headers: link })).status).to.equal(200);
      for (const origin of [url.slice(0, -1), 'https://leaders.example.com']) {
        const headers = { origin, 'sec-fetch-site': 'same-origin' };
        expect((await sendRequest(url, '/api/elections', { headers })).status, origin).to.equal(200);
      }
    });

    it('is granted nothing by CORS, and may neither frame nor embed ours', async () => {
      const { url } = await openSite();
      for (const path of ['/', '/api/elections', '/leader/x', '/nothing']) {
        for (const method of ['GET', 'OPTIONS']) {
          const { headers } = await sendRequest(url, path, { method });
          expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
          expect(headers['content-security-policy']).to.match(
            /^default-src 'none'; script-src 'self'; .*form-action 'none'$/,
          );
          expect(headers).to.include({
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            'cross-origin-resource-policy': 'same-origin',
            'x-frame-options': 'DENY',
          });
          if (path !== '/') expect(headers['cache-control']).to.equal('no-store');
        }
      }
    });
  });

  describe('a token', () => {
    it('is asked for by everything but the page and /healthz', async () => {
      const { url } = await openSite({ secret: SECRET });
      for (const path of GUARDED) {
        const { status, headers, json } = await sendRequest(url, path);
        expect([status, path, headers['www-authenticate']]).to.deep.equal([401, path, 'Bearer realm="etcd-leader"']);
        expect(Object.keys(json)).to.deep.equal(['error']);
      }
      for (const path of OPEN) expect((await sendRequest(url, path)).status, path).to.not.equal(401);
    });

    it('is refused when it is wrong, part of the right one, or not shown as it should be', async () => {
      const { url } = await openSite({ secret: SECRET });
      const wrong = [
        `Bearer ${SECRET}x`,
        `Bearer ${SECRET.slice(0, -1)}`,
        `Bearer ${SECRET.toUpperCase()}`,
        `Basic ${SECRET}`,
        `Bearer${SECRET}`,
        SECRET,
        'Bearer ',
        'Bearer',
        `Bearer x ${SECRET}`,
        '',
      ];
      for (const authorization of wrong) {
        expect(
          (await sendRequest(url, '/api/elections', { headers: { authorization } })).status,
          authorization,
        ).to.equal(401);
      }
      expect((await sendRequest(url, `/api/elections?token=${SECRET}&access_token=${SECRET}`)).status).to.equal(401);
      for (const authorization of [`Bearer ${SECRET}`, `bearer  ${SECRET} `]) {
        expect(
          (await sendRequest(url, '/api/elections', { headers: { authorization } })).status,
          authorization,
        ).to.equal(200);
      }
    });

    it('does not stand in for the checks of Host and Origin', async () => {
      const { url } = await openSite({ secret: SECRET });
      const authorization = `Bearer ${SECRET}`;
      for (const headers of [{ host: 'evil.example.com' }, { origin: 'https://evil.example.com' }]) {
        expect((await sendRequest(url, '/api/elections', { headers: { authorization, ...headers } })).status).to.equal(
          403,
        );
      }
    });
  });

  describe('values of others', () => {
    it('are sent as JSON only, in which no tag begins, also as names and in the stream', async () => {
      const { url, view } = await openSite();
      const follower = await EventFollower.at(url);
      await follower.event('picture');
      view.draw(electionIn(EVIL, EVIL), electionIn('x', EVIL));
      const paths = ['/api/elections', '/api/elections/x', `/api/elections/${encodeURIComponent(EVIL)}`, '/leader/x'];
      for (const path of paths) {
        const { text, headers, json } = await sendRequest(url, path);
        expect(headers['content-type'], path).to.equal('application/json; charset=utf-8');
        expect(headers['x-content-type-options']).to.equal('nosniff');
        expect(text).to.not.include('<');
        expect(JSON.stringify(json)).to.satisfy((whole: string) => path === '/leader/x' || whole.includes('onerror'));
      }
      const { data } = await follower.event('changed');
      expect(data.elections.map(({ leader }: { leader: { value: string } }) => leader.value)).to.deep.equal([
        EVIL,
        EVIL,
      ]);
      expect(follower.events.map(({ name }) => name)).to.deep.equal(['picture', 'changed']);
    });

    it('are never part of an error', async () => {
      const { url } = await openSite();
      for (const path of [`/api/elections/${encodeURIComponent(EVIL)}`, `/${encodeURIComponent(EVIL)}`]) {
        const { status, text } = await sendRequest(url, path);
        expect([status, text.includes('onerror')]).to.deep.equal([404, false]);
      }
    });
  });

  describe('an address', () => {
    const outside = [
      '/assets/../../package.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/..\\..\\package.json',
      '/assets//etc/passwd',
      '/assets/%00',
      '/assets/',
      '/../../etc/passwd',
      '/index.html/../../etc/passwd',
      '/page/index.html',
      '/assets/__proto__',
      '/api/elections/__proto__',
      '/api/pools/constructor',
    ];
    for (const path of outside) {
      it(`leads nowhere but to the page's own files: ${path}`, async () => {
        const { url } = await openSite();
        expect((await sendRequest(url, path)).status).to.equal(404);
      });
    }

    const malformed = [
      '/leader/%',
      '/leader/%zz',
      '/%c3%28',
      '/leader/a?value=%',
      '/api/elections/%e0%a4',
      '*',
      '//x#y',
    ];
    for (const path of malformed) {
      it(`is refused when it is malformed: ${path}`, async () => {
        const { url } = await openSite();
        const { status } = await sendRequest(url, path, path === '*' ? { method: 'OPTIONS' } : {});
        expect(status).to.equal(400);
      });
    }

    it('is refused when it is of another server, as a proxy would be asked', async () => {
      const { url } = await openSite();
      expect((await sendRequest(url, 'http://evil.example.com/api/elections')).status).to.equal(400);
      const tunnel = await RawConnection.to(url);
      tunnel.read().write(`CONNECT evil.example.com:443 HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`);
      await tunnel.closed();
      expect(tunnel.text).to.equal('');
    });

    it('is refused when it is longer than 4 KiB', async () => {
      const { url } = await openSite();
      expect((await sendRequest(url, `/leader/${'a'.repeat(4_100)}`)).status).to.equal(414);
      expect((await sendRequest(url, `/leader/${'a'.repeat(50_000)}`)).status).to.equal(431);
    });
  });

  describe('a request that would change something', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
      it(`is refused: ${method}`, async () => {
        const { url } = await openSite();
        for (const path of ['/', '/api/elections', '/leader/x', '/healthz']) {
          const { status, headers } = await sendRequest(url, path, { method });
          expect([status, headers.allow]).to.deep.equal([405, 'GET, HEAD, OPTIONS']);
        }
      });
    }

    it('is no other request in disguise: overriding headers and bodies say nothing', async () => {
      const { url } = await openSite();
      const headers = {
        'x-http-method-override': 'DELETE',
        'content-type': 'application/json',
        'x-original-url': '/x',
      };
      expect((await sendRequest(url, '/api/elections', { headers, body: '{}', method: 'GET' })).status).to.equal(200);
    });

    it('is told what may be asked, by OPTIONS', async () => {
      const { url } = await openSite();
      const { status, headers } = await sendRequest(url, '/api/elections', { method: 'OPTIONS' });
      expect([status, headers.allow]).to.deep.equal([204, 'GET, HEAD, OPTIONS']);
    });
  });

  describe('too many', () => {
    it(`connections are closed at once: the one after ${MOST_CONNECTIONS}`, async () => {
      const { url } = await openSite();
      const connections: RawConnection[] = [];
      for (let n = 0; n < MOST_CONNECTIONS; n++) connections.push((await RawConnection.to(url)).read());
      const oneMore = (await RawConnection.to(url)).read();
      await oneMore.closed();
      expect(connections.filter(({ isClosed }) => isClosed).length).to.equal(0);
      connections[0]?.close();
      await until(async () => (await sendRequest(url, '/healthz').catch(() => undefined)) !== undefined, {
        what: 'room for another',
      });
    });

    it(`streams are refused, and health checks are not: the one after ${MOST_STREAMS}`, async () => {
      const { url } = await openSite();
      for (let n = 0; n < MOST_STREAMS; n++) await EventFollower.at(url);
      const { status, headers } = await sendRequest(url, '/api/events');
      expect([status, headers['retry-after']]).to.deep.equal([503, '10']);
      expect((await sendRequest(url, '/leader/x')).status).to.equal(503);
      expect((await sendRequest(url, '/', {})).status).to.equal(200);
    });
  });

  describe('a client that does not read', () => {
    const GET = (url: string): string => `GET /api/events HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;

    it('is cut off when too much waits for it, and the others hear everything', async () => {
      const { url, view } = await openSite();
      const stalled = (await RawConnection.to(url)).write(GET(url));
      const reader = await EventFollower.at(url);
      await reader.event('picture');
      for (let n = 1; n <= 60; n++) {
        view.draw(electionIn('big', 'v'.repeat(1 << 20), BigInt(n)));
        await reader.event('changed', ({ elections }) => elections[0].leader.fencingToken === String(n));
      }
      await until(async () => figure(await sendRequest(url, '/metrics'), 'clients') === 1, {
        what: 'the stalled one to be cut off',
      });
      stalled.read();
      await stalled.closed();
      // More than 60 MiB were sent: the system keeps some of them for either end, and the server two pictures.
      expect(stalled.text.length).to.be.lessThan(30 << 20);
    });

    it('is cut off when it has not read for 30 s', async () => {
      const timers = useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      try {
        const { url, view } = await openSite();
        view.draw(electionIn('big', 'v'.repeat(20 << 20)));
        const stalled = (await RawConnection.to(url)).write(GET(url));
        const reader = await EventFollower.at(url);
        await reader.event('picture');
        const clients = async (): Promise<number> => figure(await sendRequest(url, '/metrics'), 'clients');
        await until(async () => (await clients()) === 2, { what: 'both to be there' });
        timers.tick(29_999);
        expect(await clients()).to.equal(2);
        timers.tick(1);
        expect(await clients()).to.equal(1);
        expect(reader.isEnded).to.equal(false);
        stalled.read();
        await stalled.closed();
      } finally {
        timers.restore();
      }
    });
  });
});

function figure({ text }: HttpAnswer, name: string): number {
  return Number(new RegExp(`^etcd_leader_view_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}
