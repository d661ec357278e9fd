import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

/** With such a word a name goes on with what stands somewhere else, and a red line in a log is no sentence. */
const LEFT_OVER = 'with|without|on|after|before|for|while|at|in|when|if|also|but|and|not|or|by|that|of|to|once';
/** A name that begins with a value may begin with such a word. */
const FRAGMENT = new RegExp(`\\bit\\(\\s*['"\`]((?:(?:${LEFT_OVER})\\b|\\$\\{).*)`, 'g');

describe('the name of each spec', () => {
  it('begins with no word that leaves its sentence to another line', () => {
    const files = readdirSync('spec', { encoding: 'utf8', recursive: true }).filter((file) => file.endsWith('.ts'));
    expect(files).to.not.be.empty;
    const fragments = files.flatMap((file) =>
      [...readFileSync(join('spec', file), 'utf8').matchAll(FRAGMENT)].map(([, name]) => `${file}: ${name}`),
    );
    expect(fragments).to.deep.equal([]);
  });
});
