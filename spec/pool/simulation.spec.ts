import { expect } from 'chai';
import { Game } from './simulation/game.js';

/** Games in a run of the specs. `node dist/spec/pool/simulation/main.js 1 10000` plays more. */
const GAMES = 25;

describe('the games of pools with fate', () => {
  it('break no promise: one owner, growing tokens, pairs, tasks in turn, all owned again, balance', async () => {
    let gains = 0;
    for (let seed = 1; seed <= GAMES; seed++) {
      const outcome = await new Game(seed).play();
      expect(outcome.violation?.message, `game ${seed}`).to.equal(undefined);
      gains += outcome.gains;
    }
    expect(gains).to.be.greaterThan(400);
  }).timeout(120_000);

  it('go the same way whenever the same game is played, with a story and without', async () => {
    const [first, second] = [await new Game(7, true).play(), await new Game(7, true).play()];
    expect(first.story).to.have.length.above(100);
    expect(second.story).to.deep.equal(first.story);
    expect((await new Game(7).play()).gains).to.equal(first.gains);
  });
});
