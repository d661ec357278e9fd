import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BREAKS, runBroken } from './chaos/broken.js';

const lib = fileURLToPath(new URL('../lib', import.meta.url));

describe('a library broken for chaos', () => {
  for (const [name, { file, code }] of Object.entries(BREAKS)) {
    it(`still has the code, once, whose mistake is called ${name}`, () => {
      expect(readFileSync(join(lib, file), 'utf8').split(code)).to.have.length(2);
    });
  }

  it('has no mistake that nobody knows', async () => {
    const err = await runBroken('everything', []).catch(String);
    expect(err).to.match(/`--break` must be one of: deadline from the reply, .*; got everything$/);
  });
});
