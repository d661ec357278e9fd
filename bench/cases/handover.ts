import { buildGoParticipant } from '../../spec/support/go-participant.js';
import { alternate } from '../alternate.js';
import { type Case, measured } from '../case.js';
import type { WayToLeave } from '../contestants/contender.js';
import { handoverOf } from '../contestants/handover.js';
import type { Measured, Measurement } from '../report.js';
import type { BenchWorld } from '../world.js';

/** Milliseconds after the candidate has queued: too soon for a library that watches from the wrong revision. */
const SOON = 20;

async function contest(world: BenchWorld, settle: number, how: WayToLeave): Promise<Measurement[]> {
  const whyNoGo = await buildGoParticipant(world.amounts.buildsGo);
  if (whyNoGo !== undefined) world.say(`without Go's election: ${whyNoGo}`);
  const all: readonly Measured[] = [
    'etcd-leader',
    'etcd3',
    ...(whyNoGo === undefined ? (['go'] as const) : []),
    'floor',
  ];
  const contestants = all.map((who) => {
    return handoverOf(who, world.hosts, settle, how);
  });
  return alternate(world, contestants);
}

export const handover: Case = {
  name: 'handover',
  about: 'the leader leaves in order; the successor, in another process, has long been waiting',
  async run(world) {
    const { settle } = world.amounts;
    const measure = (how: WayToLeave) => () => contest(world, settle, how);
    return [
      await measured(world, 'handover-stop', 'handover after stop()', measure('stop')),
      await measured(world, 'handover-stepdown', 'handover after stepDown()', measure('stepDown')),
    ];
  },
};

export const afterQueueing: Case = {
  name: 'queued',
  about: `the leader leaves ${SOON} ms after the successor has queued`,
  async run(world) {
    const measure = () => contest(world, SOON, 'stop');
    return [await measured(world, 'handover-20ms', `handover ${SOON} ms after the successor queued`, measure)];
  },
};
