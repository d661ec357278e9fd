import { expect } from 'chai';
import { assertLegal, NEXT, type StateName } from '../lib/campaign/state.js';
import { readPage } from './support/docs/pages.js';

const DRAWN = /^\s*(\w+) --> (\w+)(?:: .+)?$/gm;

describe('the moves of a candidate', () => {
  const names = Object.keys(NEXT) as StateName[];

  it('lead from idle to everywhere and back', () => {
    const reached = new Set<StateName>(['idle']);
    for (const from of reached) for (const to of NEXT[from]) reached.add(to);
    expect([...reached].sort()).to.deep.equal([...names].sort());
    for (const from of names) if (from !== 'idle') expect(canReach(from, 'idle'), from).to.equal(true);
  });

  it('never lead past the release: only from leaving to idle', () => {
    expect(names.filter((from) => (NEXT[from] as readonly StateName[]).includes('idle'))).to.deep.equal(['leaving']);
  });

  it('are those that the diagram in the docs draws', () => {
    const [diagram = ''] = /```mermaid\nstateDiagram-v2\n[\s\S]*?```/.exec(readPage('docs/how-it-works.md')) ?? [];
    const drawn = [...diagram.matchAll(DRAWN)].map(([, from, to]) => `${from} -> ${to}`);
    expect(drawn).to.have.members(names.flatMap((from) => NEXT[from].map((to) => `${from} -> ${to}`)));
  });

  for (const from of names) {
    for (const to of names) {
      const legal = (NEXT[from] as readonly StateName[]).includes(to);
      it(`are checked: ${from} -> ${to} is ${legal ? 'legal' : 'a mistake'}`, () => {
        const move = (): void => assertLegal(from, to);
        if (legal) move();
        else expect(move).to.throw(`illegal move: ${from} -> ${to}`);
      });
    }
  }
});

function canReach(from: StateName, goal: StateName): boolean {
  const reached = new Set<StateName>([from]);
  for (const at of reached) for (const to of NEXT[at]) reached.add(to);
  return reached.has(goal);
}
