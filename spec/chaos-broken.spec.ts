import { expect } from 'chai';
import { runBroken } from './chaos/broken.js';

describe('a library broken for chaos', () => {
  it('is refused when nobody knows the mistake', async () => {
    const err = await runBroken('everything', [], undefined).catch(String);
    expect(err).to.match(/`--break` must be one of: deadline from the reply, .*; got everything$/);
  });
});
