import { expect } from 'chai';
import { tooWide } from '../scripts/check-width.js';

describe('the check of widths', () => {
  const [fits, wide] = ['x'.repeat(120), 'x'.repeat(121)];

  it('names every line that is wider than 120 columns, with its width', () => {
    expect(tooWide('lib/a.ts', `${fits}\n${wide}\n`)).to.deep.equal(['lib/a.ts:2: 121 columns']);
  });

  it('leaves out of a page what cannot be broken: rows of tables, and what programs print', () => {
    const page = ['```', wide, '```', `| ${wide} |`, wide].join('\n');
    expect(tooWide('docs/a.md', page)).to.deep.equal(['docs/a.md:5: 121 columns']);
  });

  it('lets a line of a page be wider when the address in it makes it so', () => {
    expect(tooWide('docs/a.md', `[${'x'.repeat(116)}](https://example.org)`)).to.deep.equal([]);
  });

  it('names a line of a page that is wider even without its address', () => {
    expect(tooWide('docs/a.md', `https://example.org${wide} ${wide}`)).to.deep.equal(['docs/a.md:1: 262 columns']);
  });

  it('looks at code and configuration in a page', () => {
    const page = ['```yaml', wide, '```', '```ts', fits, '```'].join('\n');
    expect(tooWide('docs/a.md', page)).to.deep.equal(['docs/a.md:2: 121 columns']);
  });
});
