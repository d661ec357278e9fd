import type { StoredKey } from '../../support/fake-etcd/key-space.js';
import type { Game } from './game.js';
import type { Player } from './player.js';

type Deed = (game: Game, player: Player) => void;

/** What is done to a pool, by name. Each draws what else it needs from the game. */
export const DEEDS: Readonly<Record<string, Deed>> = {
  start: (_, player) => player.start(),
  stop: (game, player) => {
    void player.stop();
    game.later(game.random.between(0, 5_000), () => player.start());
  },
  crash: (game, player) => game.crash(player),
  pause: (game, player) => player.pause(game.random.between(10, player.plan.ttl * 1_600)),
  silence: (game, player) => {
    player.connection.network = game.random.pick(['silent', 'down']);
    game.later(game.random.between(100, player.plan.ttl * 1_600), () => {
      player.connection.network = 'up';
    });
  },
  storm: (game, player) => {
    player.weather.storm(game.time.now + game.random.between(500, 6_000), game.random.between(0.05, 0.4));
  },
  'break watches': (_, player) => player.connection.breakStreams('watch'),
  unfit: (game, player) => {
    player.isFit = false;
    game.later(game.random.between(1_000, 8_000), () => {
      player.isFit = true;
    });
  },
  weight: (game, player) => void player.pool.setWeight(game.random.pick([0, 1, 1, 2])).catch(() => {}),
  'revoke lease': (game, player) => {
    const lease = game.leaseOf(player);
    if (lease === undefined) return;
    for (const kv of game.etcd.keys('p/')) if (kv.lease === lease) game.referee.voided(kv.key);
    game.etcd.revoke(lease);
  },
  'delete a key': (game) => {
    const keys = game.etcd.keys('p/').filter(({ key }) => !key.startsWith('p/lists/'));
    if (keys.length > 0) deleteKey(game, game.random.pick(keys));
  },
  'delete the coordinator': (game) => {
    const first = game.etcd.oldest('p/coordinator/');
    if (first !== undefined) deleteKey(game, first);
  },
  control: (game) => {
    const drained = game.random.chance(0.5) ? [game.random.pick(game.players).plan.id] : [];
    game.etcd.put('p/control/balance', JSON.stringify({ v: 1, paused: game.random.chance(0.5), drained }));
  },
  'raft leader': (game) => {
    if (game.etcd.leader !== undefined) game.etcd.changeLeader();
  },
  quorum: (game) => {
    if (game.etcd.leader === undefined) return;
    game.etcd.loseQuorum();
    game.later(game.random.between(100, 4_000), () => game.etcd.restoreQuorum());
  },
  compact: (game) => game.etcd.compact(),
  'forge a plan': (game, player) => {
    const lease = game.leaseOf(player);
    if (lease === undefined) return;
    const { random, partitions } = game;
    const own = Array.from({ length: partitions }, (_, n) => n).filter(() => random.chance(0.4));
    const others = game.etcd.keys('p/members/').map(({ key }) => key.slice('p/members/'.length));
    const give = Object.fromEntries(own.filter(() => random.chance(0.5)).map((n) => [n, random.pick(others)]));
    const plan = { v: 1, by: '1', own: random.chance(0.5) ? own : [], give };
    const text = random.chance(0.1) ? '{"v":1' : JSON.stringify(plan);
    game.etcd.put(`p/plan/${lease.toString(16)}`, text, lease);
  },
  'an old plan': (game, player) => {
    const lease = game.leaseOf(player);
    if (lease === undefined || game.oldPlans.length === 0) return;
    game.etcd.put(`p/plan/${lease.toString(16)}`, game.random.pick(game.oldPlans), lease);
  },
  'another’s plan': (game, player) => {
    const lease = game.leaseOf(player);
    const plans = game.etcd.keys('p/plan/');
    if (lease === undefined || plans.length === 0) return;
    game.etcd.put(`p/plan/${lease.toString(16)}`, game.random.pick(plans).value, lease);
  },
  'drop a plan': (game) => {
    const plans = game.etcd.keys('p/plan/');
    if (plans.length > 0) game.etcd.delete(game.random.pick(plans).key);
  },
};

function deleteKey(game: Game, { key }: StoredKey): void {
  game.referee.voided(key);
  game.etcd.delete(key);
}
