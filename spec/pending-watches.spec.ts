import { expect } from 'chai';
import { leaseIn } from '../lib/queue/keys.js';
import { PendingWatches } from '../lib/watch/pending-watches.js';
import { SharedWatch } from '../lib/watch/shared-watch.js';

describe('watches that are to be created', () => {
  let asked: string[];
  let pending: PendingWatches;
  let lastId: number;

  beforeEach(() => {
    asked = [];
    lastId = 0;
    pending = new PendingWatches(({ key }) => asked.push(key), leaseIn);
  });

  const add = (key: string, isPatient = false): SharedWatch => {
    const entry = new SharedWatch({ key, isPatient }, 1n);
    entry.id = ++lastId;
    pending.add(entry);
    return entry;
  };
  const addMany = (count: number, isPatient = false): SharedWatch[] =>
    Array.from({ length: count }, (_, n) => add(`k${n}`, isPatient));

  it('are asked for at once, up to 32', () => {
    addMany(32);
    expect(asked).to.have.length(32);
    add('one more');
    expect(asked).to.have.length(32);
  });

  it('belong, if they are on a range, to the group of the key whose end is awaited', () => {
    const range = new SharedWatch({ key: 'jobs/1a', end: 'jobs/2b\0', isShared: false, awaited: 'jobs/2b' }, 1n);
    pending.add(range);
    expect([...pending.suspects('1a')]).to.deep.equal([]);
    expect([...pending.suspects('2b')]).to.deep.equal([range]);
  });

  it('are asked for as answers come, in their order', () => {
    const [first, second] = addMany(34);
    pending.answered(first?.id ?? 0);
    expect(asked.slice(32)).to.deep.equal(['k32']);
    pending.answered(second?.id ?? 0);
    expect(asked.slice(32)).to.deep.equal(['k32', 'k33']);
  });

  it("are not asked for by an answer that is nobody's, or comes again", () => {
    const [first] = addMany(34);
    pending.answered(1_000);
    pending.answered(first?.id ?? 0);
    pending.answered(first?.id ?? 0);
    expect(asked.slice(32)).to.deep.equal(['k32']);
  });

  it('let those go first that cannot wait', () => {
    const [first, second] = addMany(34, true);
    add('urgent');
    pending.answered(first?.id ?? 0);
    pending.answered(second?.id ?? 0);
    expect(asked.slice(32)).to.deep.equal(['urgent', 'k32']);
  });

  it('go first when they cannot wait any more', () => {
    const [first, ...rest] = addMany(35, true);
    const last = rest.at(-1);
    if (last !== undefined) pending.hasten(last);
    pending.answered(first?.id ?? 0);
    expect(asked.slice(32)).to.deep.equal(['k34']);
  });

  for (const isPatient of [true, false]) {
    it(`are never asked for when they are not wanted any more, ${isPatient ? 'patient' : 'urgent'} ones`, () => {
      const all = addMany(34, isPatient);
      expect(all.slice(31, 33).map(({ state }) => state.name)).to.deep.equal(['asked', 'pending']);
      for (const entry of all.slice(31, 33)) pending.remove(entry);
      pending.answered(all[0]?.id ?? 0);
      expect(asked.slice(32)).to.deep.equal(['k33']);
    });
  }

  it('are asked for anew on another stream, whatever the first one has left unanswered', () => {
    const all = addMany(34);
    pending.clear();
    for (const entry of all.slice(0, 2)) pending.add(entry);
    expect(asked.slice(32)).to.deep.equal(['k0', 'k1']);
  });

  describe('when a key of some lease is deleted,', () => {
    const suspects = (lease: string): string[] => [...pending.suspects(lease)].map(({ key }) => key);

    it('are told to read, once, if their keys have the same lease, asked for or not', () => {
      add('a/1f');
      add('a/2f');
      addMany(32);
      add('b/1f');
      expect(suspects('1f')).to.deep.equal(['a/1f', 'b/1f']);
      expect(suspects('1f')).to.deep.equal([]);
    });

    it('are not told to read if they are created, or left, or their stream has ended', () => {
      pending.answered(add('a/1f').id);
      pending.remove(add('b/1f'));
      expect(suspects('1f')).to.deep.equal([]);
      add('c/1f');
      pending.clear();
      expect(suspects('1f')).to.deep.equal([]);
    });

    it('are told to read if they are created anew, until the new answer', () => {
      const entry = add('a/1f');
      const { id } = entry;
      entry.id = ++lastId;
      pending.add(entry);
      pending.answered(id);
      expect(suspects('1f')).to.deep.equal(['a/1f']);
    });

    it('are told to read only once they cannot wait any more, and only while they are still to be created', () => {
      const entry = add('a/1f', true);
      expect(suspects('1f')).to.deep.equal([]);
      pending.hasten(entry);
      expect(suspects('1f')).to.deep.equal(['a/1f']);
      const created = add('b/1f', true);
      pending.answered(created.id);
      pending.hasten(created);
      expect(suspects('1f')).to.deep.equal([]);
      expect(asked, 'once').to.deep.equal(['a/1f', 'b/1f']);
    });
  });
});
