import { expect } from 'chai';
import { NEXT, type StateName } from '../lib/state.js';
import { readPage } from './support/docs/pages.js';

const MOVE = /^\s*(\w+) --> (\w+)(?:: .+)?$/gm;

describe('the states of a candidate', () => {
  it('move as the diagram in the docs says', () => {
    const [, diagram = ''] = /```mermaid\n(stateDiagram-v2\n[\s\S]*?)```/.exec(readPage('docs/how-it-works.md')) ?? [];
    const drawn: Record<string, string[]> = {};
    for (const [, from = '', to = ''] of diagram.matchAll(MOVE)) {
      drawn[from] ??= [];
      drawn[from].push(to);
    }
    const table = Object.fromEntries((Object.keys(NEXT) as StateName[]).map((from) => [from, [...NEXT[from]].sort()]));
    for (const to of Object.values(drawn)) to.sort();
    expect(drawn).to.deep.equal(table);
  });
});
