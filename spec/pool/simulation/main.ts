/**
 * Plays games of a pool with fate:
 *
 *     node dist/spec/pool/simulation/main.js 1 1000     the games 1 to 1,000
 *     node dist/spec/pool/simulation/main.js 4711       one game, with its story
 */
import { Game } from './game.js';

const [from = 1, to] = process.argv.slice(2).map(Number);
let broken = 0;
let gains = 0;
for (let seed = from; seed <= (to ?? from); seed++) {
  const outcome = await new Game(seed, to === undefined).play();
  gains += outcome.gains;
  if (to === undefined) console.log(outcome.story.join('\n'));
  if (outcome.violation === undefined) continue;
  broken += 1;
  console.log(`game ${seed}: ${outcome.violation.message}`);
}
console.log(`${broken} games broken; ${gains} partitions gained`);
process.exitCode = broken > 0 ? 1 : 0;
