import { type Case, measured } from '../case.js';
import { measureChanges, measureHandovers } from '../viewers/elections-cost.js';
import { measurePictures } from '../viewers/pictures.js';

export const viewers: Case = {
  name: 'viewers',
  about: 'many elections under three viewers, and beside them; what serve and top cost; only when asked for by name',
  isSpecial: true,
  async run(world) {
    const [count = 0] = world.amounts.viewed.map(({ elections }) => elections);
    const many = count.toLocaleString('en');
    const results = [
      await measured(world, `viewed-${count}-stop`, `handover after stop(), one of ${many} that are seen`, () =>
        measureHandovers(world, count, 'stop'),
      ),
      await measured(world, `viewed-${count}-stepdown`, `handover after stepDown(), one of ${many} that are seen`, () =>
        measureHandovers(world, count, 'stepDown'),
      ),
      await measured(world, `viewed-${count}-change`, `${many} leaders leave at once, seen by three viewers`, () =>
        measureChanges(world, count),
      ),
    ];
    for (const viewed of world.amounts.viewed) {
      const { elections, terms } = viewed;
      const recorded = `${elections.toLocaleString('en')} elections with ${terms} recorded terms`;
      const title = `${recorded}, serve with three clients`;
      results.push(await measured(world, `viewers-${elections}-${terms}`, title, () => measurePictures(world, viewed)));
    }
    return results;
  },
};
