import { alternate } from '../alternate.js';
import { type Case, measured } from '../case.js';
import { ourHandover, peerHandover } from '../contestants/handover.js';
import { bareHandover } from '../contestants/handover-bare.js';

/** ms after it has queued: too soon for a library that watches from the wrong revision. */
const SOON = 20;

export const handover: Case = {
  name: 'handover',
  about: 'the leader leaves in order; the successor has long been waiting',
  async run(world) {
    const { hosts, amounts } = world;
    const contest = (how: 'stop' | 'stepDown') => () =>
      alternate(world, [
        ourHandover(hosts, amounts.settle, how),
        peerHandover(hosts, amounts.settle),
        bareHandover(hosts, amounts.settle),
      ]);
    return [
      await measured(world, 'handover-stop', 'handover after stop()', contest('stop')),
      await measured(world, 'handover-stepdown', 'handover after stepDown()', contest('stepDown')),
    ];
  },
};

export const queued: Case = {
  name: 'queued',
  about: `the leader leaves ${SOON} ms after the successor has queued`,
  async run(world) {
    const { hosts } = world;
    const measure = () =>
      alternate(world, [ourHandover(hosts, SOON, 'stop'), peerHandover(hosts, SOON), bareHandover(hosts, SOON)]);
    return [await measured(world, 'handover-20ms', `handover ${SOON} ms after the successor queued`, measure)];
  },
};
