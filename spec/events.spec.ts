import { once } from 'node:events';
import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import { Events } from '../lib/events.js';
import { settle } from './support/virtual-time.js';
import { recordLog, World } from './support/world.js';

describe('events', () => {
  let log: ReturnType<typeof recordLog>;
  let events: Events;
  let heard: string[];
  const self = {};
  const hear = (name: string) => () => {
    heard.push(name);
  };

  beforeEach(() => {
    log = recordLog();
    events = new Events(() => log, self);
    heard = [];
  });

  it('are told to every listener, in the order in which they were added', () => {
    events.on('resumed', hear('a'));
    events.on('resumed', hear('b'));
    events.emit('resumed');
    expect(heard).to.deep.equal(['a', 'b']);
  });

  it("are told with the emitter as `this`, as Node's events are", () => {
    const heardBy: unknown[] = [];
    events.on('resumed', function (this: unknown) {
      heardBy.push(this);
    });
    events.emit('resumed');
    expect(heardBy).to.have.length(1);
    expect(heardBy[0]).to.equal(self);
  });

  it('reach the others when one listener throws; the error is logged', () => {
    const err = new Error('mine');
    events.on('resumed', () => {
      throw err;
    });
    events.on('resumed', hear('b'));
    events.emit('resumed');
    expect(heard).to.deep.equal(['b']);
    expect(log.lines).to.deep.equal([
      { level: 'error', message: 'a listener failed', data: { err, event: 'resumed' } },
    ]);
  });

  it('are not disturbed by a listener that rejects; the reason is logged', async () => {
    const err = new Error('mine');
    events.on('resumed', async () => {
      throw err;
    });
    events.emit('resumed');
    await settle();
    expect(log.lines).to.deep.equal([
      { level: 'error', message: 'a listener failed', data: { err, event: 'resumed' } },
    ]);
  });

  it('wait, when a listener causes one, until everybody has heard the present one', () => {
    events.on('resumed', () => {
      hear('first of resumed')();
      events.emit('refresh', { roundTrip: 1, expiresIn: 2 });
    });
    events.on('resumed', hear('second of resumed'));
    events.on('refresh', hear('refresh'));
    events.emit('resumed');
    expect(heard).to.deep.equal(['first of resumed', 'second of resumed', 'refresh']);
  });

  it('go on after an event whose listener threw while another event waited', () => {
    events.on('resumed', () => {
      events.emit('refresh', { roundTrip: 1, expiresIn: 2 });
      throw new Error('mine');
    });
    events.on('refresh', hear('refresh'));
    events.emit('resumed');
    events.emit('refresh', { roundTrip: 1, expiresIn: 2 });
    expect(heard).to.deep.equal(['refresh', 'refresh']);
  });

  it('are heard once by a listener of once()', () => {
    events.once('resumed', hear('once'));
    events.emit('resumed');
    events.emit('resumed');
    expect(heard).to.deep.equal(['once']);
    expect(events.has('resumed')).to.equal(false);
  });

  it('are heard no more after off(), also by a listener of once()', () => {
    const [a, b] = [hear('a'), hear('b')];
    events.on('resumed', a);
    events.once('resumed', b);
    events.off('resumed', a);
    events.off('resumed', b);
    events.emit('resumed');
    expect(heard).to.deep.equal([]);
  });

  it('lose one of two same listeners with each off()', () => {
    const a = hear('a');
    events.on('resumed', a);
    events.on('resumed', a);
    events.off('resumed', a);
    events.emit('resumed');
    expect(heard).to.deep.equal(['a']);
  });

  it('keep their listeners when a function is taken off that is none of them', () => {
    events.on('resumed', hear('a'));
    events.off('resumed', hear('a stranger'));
    events.emit('resumed');
    expect(heard).to.deep.equal(['a']);
  });

  it('are logged when they are errors that nobody listens for; other unheard events are not', () => {
    const err = new ElectionError('UNAVAILABLE', 'no answer');
    events.emit('error', err);
    events.emit('resumed');
    expect(log.lines).to.deep.equal([{ level: 'error', message: 'an error that nobody listens for', data: { err } }]);
  });

  it('are not logged when they are errors that somebody listens for', () => {
    events.on('error', ({ code }: ElectionError) => heard.push(code));
    events.emit('error', new ElectionError('UNAVAILABLE', 'no answer'));
    expect([heard, log.lines]).to.deep.equal([['UNAVAILABLE'], []]);
  });
});

describe("an election's events", () => {
  it("can be awaited with Node's own events.once", async () => {
    const world = new World();
    const { election } = world.candidate('a');
    const elected = once(election as unknown as NodeJS.EventEmitter, 'elected');
    election.start();
    const [leadership] = await world.settled(elected);
    expect(leadership).to.equal(election.leadership);
    await world.settled(election.stop());
  });

  it("reject what awaits them with Node's events.once when an error comes first", async () => {
    const world = new World();
    const { election, store } = world.candidate('a');
    store.network = 'down';
    const elected = once(election as unknown as NodeJS.EventEmitter, 'elected');
    election.start();
    expect(await world.refusal(elected)).to.equal('UNAVAILABLE');
    store.network = 'up';
    await world.settled(election.stop());
  });

  it('refuse a listener that is no function, by name', () => {
    const { election } = new World().candidate('a');
    for (const method of ['on', 'once'] as const) {
      expect(() => election[method]('elected', 'work' as never))
        .to.throw('`listener` must be a function; got "work"')
        .with.property('code', 'INVALID_OPTION');
    }
  });

  it('return the election from on, once, off and removeListener', () => {
    const { election } = new World().candidate('a');
    const listener = (): void => {};
    expect(election.on('elected', listener).once('elected', listener)).to.equal(election);
    expect(election.off('elected', listener).removeListener('elected', listener)).to.equal(election);
  });
});
