import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName } from '../../spec/support/unique-name.js';
import type { Contestant } from '../alternate.js';
import { Child } from '../child.js';
import type { ContenderCommands } from '../programs/contender.js';
import type { Measured } from '../report.js';
import type { WayToLeave } from './contender.js';

const PATIENCE = 30_000;

/** Two candidates, each in a process of its own as in life, that hand over to each other. */
export function handoverOf(
  who: Measured,
  hosts: readonly string[],
  settle: number,
  how: WayToLeave,
  name = uniqueName(),
): Contestant {
  const open = (): Child<ContenderCommands> => new Child<ContenderCommands>('contender', [who, hosts.join(','), name]);
  let [leader, successor] = [open(), open()];
  return {
    who,
    prepare: async () => {
      await leader.ask('queue', undefined as never, PATIENCE);
      await successor.ask('queue', undefined as never, PATIENCE);
      await leader.ask('elected', undefined as never, PATIENCE);
      await sleep(settle);
      return {
        run: async () => {
          const left = leader.ask('leave', { how }, PATIENCE);
          const electedAt = await successor.ask('elected', undefined as never, PATIENCE);
          return electedAt - (await left);
        },
        end: async () => {
          [leader, successor] = [successor, leader];
        },
      };
    },
    close: async () => {
      for (const child of [successor, leader]) {
        await child.ask('leave', { how: 'stop' }, PATIENCE);
        child.kill();
      }
    },
  };
}
