import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { World } from './support/world.js';

describe('async contexts', () => {
  const storage = new AsyncLocalStorage<string>();
  const within = <T>(name: string, fn: () => T): T => storage.run(name, fn);
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('a listener runs in the context in which it was added, on a shared session too', async () => {
    const { session } = world.session('s');
    const heard: string[] = [];
    const elections = ['one', 'two', 'three'].map((name) =>
      within(name, () => {
        const election = new Election(session, name);
        election.on('elected', () => heard.push(`${name} in ${storage.getStore()}`));
        election.once('unelected', () => heard.push(`${name} in ${storage.getStore()}`));
        return election;
      }),
    );
    await within('whoever starts', () => world.queued(...elections));
    await within('whoever closes', () => world.settled(session.close()));
    const all = ['one in one', 'two in two', 'three in three'];
    expect(heard).to.have.members([...all, ...all]);
  });

  it('a listener does not run in the context of whoever calls stepDown()', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    const heard: (string | undefined)[] = [];
    election.on('unelected', () => heard.push(storage.getStore()));
    within('added', () => election.on('unelected', () => heard.push(storage.getStore())));
    await within('a request', () => world.settled(election.stepDown()));
    expect(heard).to.deep.equal([undefined, 'added']);
  });

  it('what a listener awaits goes on in the context of the listener', async () => {
    const { election } = world.candidate('a');
    let later: string | undefined;
    within('added', () =>
      election.on('elected', async () => {
        await undefined;
        later = storage.getStore();
      }),
    );
    await within('whoever starts', () => world.queued(election));
    expect(later).to.equal('added');
  });

  it('the task of run() runs in the context of the call, in every term', async () => {
    const { election } = world.candidate('a');
    const contexts: (string | undefined)[] = [];
    const running = within('the call', () =>
      election.run(({ signal }) => {
        contexts.push(storage.getStore());
        if (contexts.length === 2) return 'done';
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve('again')));
      }),
    );
    await world.until(() => contexts.length === 1, 'it works');
    await within('a request', () => world.settled(election.stepDown()));
    await world.settled(running);
    expect(contexts).to.deep.equal(['the call', 'the call']);
  });

  it('the health check runs in the context in which the election was made', async () => {
    const contexts = new Set<string | undefined>();
    const healthCheck = (): boolean => contexts.add(storage.getStore()) !== undefined;
    const { election } = within('made', () => world.candidate('a', { healthCheck }));
    await within('whoever starts', () => world.queued(election));
    await world.advance(10_000);
    expect([...contexts]).to.deep.equal(['made']);
  });
});
