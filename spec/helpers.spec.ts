import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { tellStalls } from './support/stalls.js';
import { record, tell } from './support/story.js';
import { closedBySpec, closeTracked, leakSince, resources, tracked } from './support/track.js';
import { pause, until } from './support/wait.js';

describe('until', () => {
  it('resolves with what the condition gives in the end', async () => {
    let asked = 0;
    const value = await until(() => (++asked === 3 ? 'ready' : undefined), { what: 'it' });
    expect(value).to.equal('ready');
  });

  it('takes 0 and the empty string for an answer', async () => {
    expect(await until(() => 0, { what: 'it' })).to.equal(0);
    expect(await until(() => '', { what: 'it' })).to.equal('');
  });

  it('says what it waited for, how long, and what the condition said last', async () => {
    const failing = until(() => Promise.reject(new Error('not yet')), { within: 20, what: 'the moon' });
    const err = await failing.then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(err?.message).to.equal('waited 20 ms for the moon; at last: not yet');
  });

  it('gives up a condition that never answers', async () => {
    const err = await until(() => new Promise<never>(() => {}), { within: 20, what: 'the moon' }).catch(String);
    expect(err).to.equal('Error: waited 20 ms for the moon');
  });

  it('counts real time under a fake clock', async () => {
    tracked(useFakeTimers());
    const err = await until(() => false, { within: 20, what: 'the moon' }).catch(String);
    expect(err).to.equal('Error: waited 20 ms for the moon');
  });
});

describe('a process that stands still', () => {
  it('says for how long, and how much of that it has worked', async () => {
    const lines: string[] = [];
    const end = tellStalls((line) => lines.push(line), 5, 100);
    tracked({ close: end });
    const until150 = performance.now() + 150;
    while (performance.now() < until150);
    await until(() => lines.length > 0, { what: 'the line' });
    expect(lines[0]).to.match(/stood still for \d+ ms, of which it worked \d+ ms$/);
  });

  it('says nothing while it goes on', async () => {
    const lines: string[] = [];
    tracked({ close: tellStalls((line) => lines.push(line), 5, 60_000) });
    await pause(50);
    expect(lines).to.deep.equal([]);
  });
});

describe('a story', () => {
  const election = (): EventEmitter => new EventEmitter();

  it('tells terms with their tokens for one election', () => {
    const one = election();
    const story = record(one);
    one.emit('elected', { fencingToken: 42n });
    one.emit('leader', 'me');
    one.emit('unelected', { fencingToken: 42n }, { code: 'LEASE_EXPIRED' });
    expect(story).to.deep.equal(['elected with token 42', 'unelected: LEASE_EXPIRED']);
  });

  it('tells whose events they are, in the order in which they happened, for several elections', () => {
    const [first, second] = [election(), election()];
    const story = tell({ first, second });
    first.emit('elected', { fencingToken: 1n });
    first.emit('unelected', { fencingToken: 1n }, { code: 'STOPPED' });
    second.emit('elected', { fencingToken: 2n });
    expect(story).to.deep.equal(['first elected', 'first unelected: STOPPED', 'second elected']);
  });

  it('tells the other events when asked to', () => {
    const one = election();
    const story = record(one, ['leader', 'suspended', 'resumed', 'error']);
    one.emit('leader', 'b');
    one.emit('leader', undefined);
    one.emit('suspended', { code: 'UNAVAILABLE' });
    one.emit('resumed');
    one.emit('error', { code: 'PERMISSION_DENIED' });
    one.emit('elected', { fencingToken: 1n });
    const expected = ['leader: b', 'leader: nobody', 'suspended: UNAVAILABLE', 'resumed', 'error: PERMISSION_DENIED'];
    expect(story).to.deep.equal(expected);
  });
});

describe('what a spec opens', () => {
  const closable = (closed: string[], name: string): { close(): void } => ({ close: () => closed.push(name) });

  it('is closed at its end, the last one first', async () => {
    const closed: string[] = [];
    tracked(closable(closed, 'a'));
    tracked(closable(closed, 'b'));
    expect(await closeTracked()).to.deep.equal([]);
    expect(closed).to.deep.equal(['b', 'a']);
  });

  it('fails the spec when it cannot be closed, and does not keep the rest from being closed', async () => {
    const closed: string[] = [];
    tracked(closable(closed, 'a'));
    tracked({ stop: () => Promise.reject(new Error('stuck')) });
    expect((await closeTracked()).map((err) => err.message)).to.deep.equal(['stuck']);
    expect(closed).to.deep.equal(['a']);
  });

  it('fails the spec when the spec was to close it and did not', async () => {
    closedBySpec(closable([], 'a'), 'the first');
    closedBySpec(closable([], 'b'), 'the second').close();
    expect((await closeTracked()).map((err) => err.message)).to.deep.equal(['the spec left open: the first']);
  });

  it('fails the spec when it goes on running', async () => {
    await undefined; // mocha's own timer runs from here
    const start = resources();
    const timer = setTimeout(() => {}, 60_000);
    expect((await leakSince(start, 20))?.message).to.equal('the spec left something running: 1 Timeout');
    clearTimeout(timer);
    expect(await leakSince(start, 20)).to.equal(undefined);
  });
});
