import type { Mishap } from './plan.js';
import type { SimulatedProcess } from './process.js';
import type { SimulatedWorld } from './world.js';

/** Lets something go wrong. Returns false when there was nothing that could be hit. */
export function befall(world: SimulatedWorld, mishap: Mishap): boolean {
  if ('who' in mishap) {
    const process = world.find(mishap.who)?.process;
    return process !== undefined && befallProcess(world, process, mishap);
  }
  const { etcd } = world;
  switch (mishap.name) {
    case 'member': {
      const member = etcd.member(1 + (mishap.member % world.plan.etcd.members));
      if (member.condition !== 'up') return false;
      member.condition = mishap.is;
      lasting(world, mishap.for, () => {
        member.condition = 'up';
      });
      return true;
    }
    case 'raft leader':
      if (etcd.leader === undefined) return false;
      etcd.changeLeader();
      world.disturb(world.time.now + 2_000);
      return true;
    case 'quorum':
      if (etcd.leader === undefined) return false;
      etcd.loseQuorum();
      lasting(world, mishap.for, () => etcd.restoreQuorum());
      return true;
    case 'etcd restart':
      etcd.restart(mishap.for);
      lasting(world, mishap.for, () => {});
      return true;
    case 'new epoch': {
      const before = etcd.keys();
      etcd.beginAnew(mishap.from, mishap.for);
      world.story.tell('', () => `etcd begins anew at revision ${etcd.revision}`);
      world.beginAnew(before, mishap.for);
      return true;
    }
  }
}

function befallProcess(
  world: SimulatedWorld,
  process: SimulatedProcess,
  mishap: Extract<Mishap, { who: unknown }>,
): boolean {
  const { connection, weather } = process;
  const { now } = world.time;
  switch (mishap.name) {
    case 'crash':
      crash(world, process, mishap.backAfter);
      return true;
    case 'pause':
      if (process.clock.paused) return false;
      world.story.tell(process.name, () => `is paused for ${mishap.for} ms`);
      process.pause();
      lasting(world, mishap.for, () => process.resume(mishap.order));
      return true;
    case 'request': // counted when it happens
      weather.script(mishap.kind, mishap.fault, mishap.times);
      return false;
    case 'storm':
      weather.storm(now + mishap.for, mishap.chance);
      world.disturb(now + mishap.for);
      return true;
    case 'network':
      if (connection.network !== 'up') return false;
      connection.network = mishap.is;
      lasting(world, mishap.for, () => {
        connection.network = 'up';
      });
      return true;
    case 'fade':
      connection.lag = mishap.lag;
      world.disturb(now + mishap.slowFor + mishap.for + mishap.lag);
      world.time.at(now + mishap.slowFor, () => {
        if (world.isCalm || process.isDead) return;
        const { end: name, for: ms } = mishap;
        if (name === 'pause')
          befallProcess(world, process, { name, who: mishap.who, for: ms, order: 'messages first' });
        else befallProcess(world, process, { name: 'network', who: mishap.who, is: name, for: ms });
        connection.lag = 0;
      });
      return true;
    case 'lag':
      connection.lag = mishap.ms;
      lasting(world, mishap.for + mishap.ms, () => {
        connection.lag = 0;
      });
      return true;
    case 'streams': {
      const { kind, are } = mishap;
      if (!connection.open.some((what) => what.startsWith(kind))) return false;
      world.story.tell(process.name, () => `${kind} streams are ${are}`);
      if (are === 'broken') connection.breakStreams(kind);
      else connection.silenceStreams(kind);
      world.tally.add('fault', `${kind} streams ${are}`);
      world.disturb(now + 1);
      return false; // counted by its kind
    }
  }
}

function crash(world: SimulatedWorld, process: SimulatedProcess, backAfter: number | undefined): void {
  const at = world.processes.indexOf(process);
  const wasRunning = process.contenders.map(({ election }) => election.isRunning());
  world.story.tell(process.name, () => 'crashes');
  process.kill();
  if (backAfter === undefined) return;
  world.time.at(world.time.now + backAfter, () => {
    if (world.isCalm || world.processes[at] !== process) return;
    const { contenders } = world.boot(at);
    for (const [index, { election }] of contenders.entries()) if (wasRunning[index]) election.start();
  });
}

/** Ends a mishap after some time, or when everything is made well again. */
function lasting(world: SimulatedWorld, ms: number, end: () => void): void {
  const until = world.time.now + ms;
  world.disturb(until);
  world.time.at(until, () => {
    if (!world.isCalm) end();
  });
}
