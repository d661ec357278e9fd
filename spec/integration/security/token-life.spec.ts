import { expect } from 'chai';
import { begunAside } from '../../support/aside.js';
import { CLIENTS } from '../../support/candidates.js';
import { TOKEN_KINDS, type TokenLife } from '../../support/security/token-lives.js';
import { LONG_TOKEN_TTL } from '../../support/security/tokens.js';
import { SOON } from '../../support/wait.js';

/** Milliseconds: the life of a token, and what comes before and after it. */
const WITHIN = 1_000 * LONG_TOKEN_TTL + 3 * SOON;

// The tokens run out while the other specs of the run run: this file is the last.
const lives = begunAside<readonly TokenLife[]>('token-lives', String(LONG_TOKEN_TTL));

for (const kind of TOKEN_KINDS) {
  describe(`with passwords and ${kind} that live ${LONG_TOKEN_TTL / 60} min, an election`, () => {
    it('keeps its leader when the tokens have run out, hands over, and is seen by a client that was idle', async () => {
      const found = (await lives(WITHIN)).filter((life) => life.kind === kind);
      expect(found.map(({ client }) => client)).to.deep.equal(CLIENTS);
      for (const { client, kept, story, seen, fetched, isVerified } of found) {
        expect(kept, client).to.deep.equal(['a elected']);
        expect([seen, isVerified], client).to.deep.equal(['a2', true]);
        expect(fetched, `tokens that the idle client has fetched: ${client}`).to.be.at.least(1);
        expect(story, client).to.deep.equal([
          'a elected',
          'a unelected: STEPPED_DOWN',
          'b elected',
          'b unelected: STOPPED',
          'a elected',
        ]);
      }
    }).timeout(WITHIN + SOON);
  });
}
