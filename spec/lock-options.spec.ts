import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { ElectionError, Lock, Session } from '../lib/index.js';
import { tracked } from './support/track.js';

const LOCK = '`ttl`, `allowLongTtl`, `renewDeadline`, `logger`, `value`, `releaseTimeout`';

describe('what a lock is made of', () => {
  let client: Etcd3;
  beforeEach(() => {
    client = tracked(new Etcd3({ hosts: 'http://127.0.0.1:1' }));
  });
  const refusal = (make: () => unknown): string => {
    try {
      make();
    } catch (err) {
      expect(err).to.be.instanceOf(ElectionError).and.include({ code: 'INVALID_OPTION' });
      return (err as Error).message;
    }
    throw new Error('it was not refused');
  };
  const made =
    (options: object): (() => Lock) =>
    () =>
      new Lock(client, 'locks/report', options);

  it('is refused at once, by name, with the limit and the value', () => {
    expect(refusal(() => new Lock({} as Etcd3, 'x'))).to.match(/^`etcd` must be an Etcd3 client or a Session; got/);
    expect(refusal(() => new Lock(client, ''))).to.equal('`name` must be a string that is not empty; got ""');
    expect(refusal(() => new Lock(client, 'a!b'))).to.equal('`name` must not contain "!"; got "a!b"');
    expect(refusal(made({ observe: true }))).to.equal(`\`observe\` is not an option; the options are ${LOCK}`);
    expect(refusal(made({ ttl: 1 }))).to.equal('`ttl` must be a whole number of seconds, 2 or more; got 1');
    expect(refusal(made({ renewDeadline: 20 }))).to.match(/^`renewDeadline` must be .* got 20$/);
    expect(refusal(made({ releaseTimeout: 5 }))).to.match(/^`releaseTimeout` must be .* got 5\./);
    expect(refusal(made({ value: 5 }))).to.equal('`value` must be a string or a Buffer; got 5');
    expect(refusal(made({ logger: {} }))).to.match(/^`logger` must have the methods/);
    expect(refusal(made(null as never))).to.match(/^`options` must be an object; got null/);
  });

  it('is refused on a session when it belongs to the session', () => {
    const session = new Session(client);
    for (const options of [{ ttl: 5 }, { renewDeadline: 5 }, { allowLongTtl: true }]) {
      expect(refusal(() => new Lock(session, 'x', options))).to.match(/belongs to the Session/);
    }
    expect(new Lock(session, 'x', { value: 'me', releaseTimeout: 0 }).name).to.equal('x');
  });

  it('is refused in a call, whose promise rejects', async () => {
    const lock = new Lock(client, 'locks/report');
    const of = (call: Promise<unknown>): Promise<string> =>
      call.then(String, ({ code, message }) => `${code}: ${message}`);
    for (const wait of [-1, Number.NaN, 2 ** 31, '5']) {
      const text = `INVALID_OPTION: \`wait\` must be a number of milliseconds from 0 to 2147483647; got ${
        typeof wait === 'string' ? '"5"' : wait
      }`;
      expect(await of(lock.acquire({ wait: wait as number }))).to.equal(text);
      expect(await of(lock.run(() => 'never', { wait: wait as number }))).to.equal(text);
    }
    expect(await of(lock.run('x' as never))).to.equal('INVALID_OPTION: `task` must be a function; got "x"');
    expect(await of(lock.acquire({ signal: 5 as never }))).to.match(/^INVALID_OPTION: `signal` must be an AbortSignal/);
    expect(await of(lock.run(() => 1, { requeue: true } as object))).to.match(
      /^INVALID_OPTION: `requeue` is not an option/,
    );
  });
});
