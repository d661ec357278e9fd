import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { type Candidate, Election, type ElectionError, Session } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { CLIENTS, type ClientKind, candidate, joinInOrder, leading, queued } from '../../support/candidates.js';
import { trackedClient } from '../../support/security/access.js';
import { nextRefresh, refreshed } from '../../support/security/refreshes.js';
import { securedCluster } from '../../support/security/secured-cluster.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

/** All that an election tells by `error`. */
function errorsOf(election: Election): ElectionError[] {
  const errors: ElectionError[] = [];
  election.on('error', (err) => errors.push(err));
  return errors;
}

describe('with roles, an election', () => {
  const secured = securedCluster({ members: 1 });

  /** A user of its own with a role of its own, which may do nothing yet. The role has the name of the election. */
  async function worker(name: string): Promise<Etcd3> {
    const { access, hosts } = secured();
    return trackedClient('createClient', { hosts, auth: await access.user(name, name) });
  }

  /** Two candidates of one user, of which the first leads. The user's role may be taken away and given back. */
  async function twoInOrder() {
    const name = uniqueName();
    const { access } = secured();
    const client = await worker(name);
    const allow = (): Promise<void> => access.allow(name, name);
    const forbid = (): Promise<void> => access.forbid(name, name);
    await allow();
    const [a, b] = [candidate(client, name), candidate(client, name)];
    const story = tell({ a, b });
    await joinInOrder(a, b);
    return { a, b, story, allow, forbid };
  }

  it('needs no more than `readwrite` on its own keys, whatever is done with it', async () => {
    const name = uniqueName();
    const client = await worker(name);
    await secured().access.allow(name, name);
    const a = candidate(client, name, { value: 'a' });
    const b = candidate(client, name, { value: 'b' });
    const errors = [errorsOf(a), errorsOf(b)];
    const observed: (Candidate | undefined)[] = [];
    const over = new AbortController();
    tracked({ close: () => over.abort() });
    const observing = (async () => {
      for await (const leader of a.observe({ signal: over.signal })) observed.push(leader);
    })();

    expect(await a.run((leadership) => leadership.verify())).to.equal(true);
    await joinInOrder(b, a);
    await b.proclaim('b2');
    expect((await a.leader())?.value).to.equal('b2');
    expect((await a.candidates()).map(({ value }) => value)).to.deep.equal(['b2', 'a']);
    await b.stepDown();
    await leading(a);
    const own = `${name}/written/under guard`; // further down than candidates' keys
    const { succeeded } = await (await leading(a)).txn().then(client.put(own).value('')).commit();
    expect(succeeded).to.equal(true);
    await b.stop();
    await a.stop();
    await client.delete().key(own);
    await until(() => observed.length > 1 && observed.at(-1) === undefined, { what: 'nobody to be observed' });
    over.abort();
    await observing;
    expect(errors).to.deep.equal([[], []]);
    expect(await a.candidates()).to.deep.equal([]);
  });

  it('says PERMISSION_DENIED and what is missing, and starts by itself once that has been granted', async () => {
    const name = uniqueName();
    const a = candidate(await worker(name), name);
    const story = tell({ a });
    const errors = errorsOf(a);
    a.start();
    await until(() => errors.length > 1, { what: 'the refusal to be told again' });
    for (const { code } of errors) expect(code).to.equal('PERMISSION_DENIED');
    expect(errors[0]?.message).to.match(
      /permission denied.*trying again.*role with `readwrite`.*from `<name>\/` to `<name>0`/,
    );
    expect([story, a.state]).to.deep.equal([[], 'joining']);
    await secured().access.allow(name, name);
    await leading(a);
    expect(story).to.deep.equal(['a elected']);
  });

  it('rejects what is asked of it with PERMISSION_DENIED when its keys may not be read', async () => {
    const name = uniqueName();
    const a = candidate(await worker(name), name);
    for (const ask of [() => a.leader(), () => a.candidates()]) {
      const err: ElectionError = await ask().then<never, ElectionError>(
        () => expect.fail('answered'),
        (reason) => reason,
      );
      expect(err.code).to.equal('PERMISSION_DENIED');
    }
  });

  it('needs no more than `read` to observe', async () => {
    const name = uniqueName();
    const { access, hosts } = secured();
    const client = await worker(name);
    await access.allow(name, name, 'Read');
    const other = await access.user(`${name}-other`, `${name}-other`);
    await access.allow(`${name}-other`, name);
    const leader = candidate(trackedClient('createClient', { hosts, auth: other }), name, { value: 'leader' });
    const observer = candidate(client, name);
    const over = new AbortController();
    tracked({ close: () => over.abort() });
    const observed: (string | undefined)[] = [];
    const observing = (async () => {
      for await (const each of observer.observe({ signal: over.signal })) observed.push(each?.value);
    })();
    await until(() => observed.length === 1, { what: 'nobody to be observed' });
    await leading(leader);
    await until(() => observed.length === 2, { what: 'the leader to be observed' });
    over.abort();
    await observing;
    expect(observed).to.deep.equal([undefined, 'leader']);
    expect((await observer.candidates()).map(({ value }) => value)).to.deep.equal(['leader']);
  });

  it('goes to the end of the queue when it may leave again, if it stepped down while it might not', async () => {
    const { a, b, story, allow, forbid } = await twoInOrder();
    await forbid();
    await a.stepDown();
    await allow();
    await leading(b);
    await queued(a);
    expect(story).to.deep.equal(['a elected', 'a unelected: STEPPED_DOWN', 'b elected']);
  });

  it('keeps its leader while its role is taken away and given back', async () => {
    const { a, b, story, allow, forbid } = await twoInOrder();
    const term = await leading(a);
    await forbid();
    const denied: ElectionError = await term.verify().then(
      () => expect.fail('answered'),
      (err) => err,
    );
    expect(denied.code).to.equal('PERMISSION_DENIED');
    await allow();
    expect(await term.verify()).to.equal(true);
    await a.stop();
    await leading(b);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
  });

  it('does not disturb the others of its session when it has no permission', async () => {
    const name = uniqueName();
    const session = tracked(new Session(await worker(name), { ttl: 60 }));
    const names = Array.from({ length: 30 }, (_, i) => `${name}-${i}`);
    const forbidden = `${name}-17`;
    for (const each of names) if (each !== forbidden) await secured().access.allow(name, each);
    const elections = names.map((each) => new Election(session, each, { releaseTimeout: 5_000 }));
    const errors = elections.map(errorsOf);
    const terms = elections.filter(({ name: each }) => each !== forbidden).map((each) => each.start().elected());
    const excluded = elections[17]?.start();
    await Promise.all(terms);
    await until(() => (errors[17]?.length ?? 0) > 1, { what: 'the refusal to be told again' });
    expect(elections.filter((each) => !each.isLeader())).to.deep.equal([excluded]);
    expect(errors.flatMap((of, i) => (of.length > 0 ? [i] : []))).to.deep.equal([17]);
    expect(new Set(errors[17]?.map(({ code }) => code))).to.deep.equal(new Set(['PERMISSION_DENIED']));
  });

  it('leads on when its session loses the permission for another election, and soon gets it back', async () => {
    const name = uniqueName();
    const { access } = secured();
    const session = tracked(new Session(await worker(name), { ttl: 24 })); // etcd looks at all keys of the lease
    const other = `${name}-other`;
    for (const each of [name, other]) await access.allow(name, each);
    const [a, b] = [new Election(session, name), new Election(session, other)];
    const story = tell({ a, b });
    await joinInOrder(a, b);
    await access.forbid(name, other);
    expect(await nextRefresh(a)).to.be.oneOf(['PERMISSION_DENIED', 'refreshed']);
    await access.allow(name, other);
    await refreshed(a, 2);
    expect(await (await leading(a)).verify()).to.equal(true);
    expect(story).to.deep.equal(['a elected', 'b elected']);
  });
});

describe('with a password that etcd does not accept, or without a user, an election', () => {
  const secured = securedCluster({ members: 1 });

  it('says PERMISSION_DENIED and why, and starts once the password has been mended, with either client', async () => {
    const { access, hosts } = secured();
    const start = async (client: ClientKind): Promise<void> => {
      const name = uniqueName();
      const { username } = await access.user(name, name);
      await access.allow(name, name);
      const a = candidate(trackedClient(client, { hosts, auth: { username, password: 'mistyped' } }), name);
      const errors = errorsOf(a);
      a.start();
      await until(() => errors.length > 1, { what: 'the refusal to be told again' });
      for (const { code, message } of errors) {
        expect(code).to.equal('PERMISSION_DENIED');
        expect(message).to.match(/trying again, but the user or the password is wrong/);
      }
      await access.setPassword(username, 'mistyped');
      await leading(a);
    };
    await atOnce(Object.fromEntries(CLIENTS.map((client) => [client, () => start(client)])));
  });

  it('says PERMISSION_DENIED and what to give when there is no user at all', async () => {
    const a = candidate(trackedClient('createClient', { hosts: secured().hosts }), uniqueName());
    const errors = errorsOf(a);
    a.start();
    await until(() => errors.length > 0, { what: 'an attempt' });
    expect(errors[0]?.code).to.equal('PERMISSION_DENIED');
    expect(errors[0]?.message).to.match(/trying again, but etcd asks for a user: give the client `auth`/);
  });
});
