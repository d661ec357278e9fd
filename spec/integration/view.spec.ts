import { expect } from 'chai';
import { Election, Session } from '../../lib/index.js';
import type { Picture } from '../../lib/view/picture.js';
import { View } from '../../lib/view/view.js';
import { openClient } from '../support/candidates.js';
import { get } from '../support/cluster/http.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const MANY = 1_000;
const VIEWERS = 3;
/** Requests that a viewer may send meanwhile: the heads in tens of requests, and now and then whether etcd answers. */
const OF_A_VIEWER = 40;
const SLOW = 60_000;

describe('three viewers of a thousand elections', () => {
  const cluster = sharedCluster();

  /** Requests that etcd has got so far, those of watches among them. */
  const requests = async (): Promise<number> => {
    const pages = await Promise.all(cluster().hosts.map((host) => get(`${host}/metrics`, undefined, 10_000)));
    const counts = pages.flatMap((page) => [
      ...page.matchAll(/^grpc_server_msg_received_total\{.*grpc_method="(?:Range|Txn|Watch)".*\} (\S+)$/gm),
    ]);
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  };

  /** A process that stands for all elections. */
  const standing = async (folder: string): Promise<{ readonly session: Session; readonly all: Election[] }> => {
    const session = tracked(new Session(openClient(cluster().hosts), { ttl: 60 }));
    const all = Array.from({ length: MANY }, (_, n) => new Election(session, `${folder}/${n}`, { observe: false }));
    for (const election of all) election.start();
    const isIn = ({ state }: Election): boolean => state === 'waiting' || state === 'leading';
    await until(() => all.every(isIn), { within: SLOW, what: 'all to be in the queue' });
    return { session, all };
  };
  const leading = (all: readonly Election[]): Promise<unknown> =>
    until(() => all.every((one) => one.isLeader()), { within: SLOW, what: 'the next candidate to lead everywhere' });
  const factsOf = ({ elections }: Picture): unknown =>
    elections.map(({ name, leader, queue }) => [name, leader?.fencingToken, queue.map((one) => one.fencingToken)]);

  it('cost the elections no request when all change leaders at once, and end with the same picture', async () => {
    const folder = uniqueName('view');
    const [first, second] = [await standing(folder), await standing(folder)];
    await leading(first.all);

    let before = await requests();
    await first.session.close();
    await leading(second.all);
    const alone = (await requests()) - before;

    const third = await standing(folder);
    const views = await Promise.all(
      Array.from({ length: VIEWERS }, async () => {
        const view = tracked(new View(openClient(cluster().hosts), folder));
        await view.start();
        return view;
      }),
    );
    before = await requests();
    await second.session.close();
    await leading(third.all);
    const watched = (await requests()) - before;

    const tokens = new Map(third.all.map(({ name, leadership }) => [name, leadership?.fencingToken]));
    const isRight = ({ picture: { elections } }: View): boolean =>
      elections.length === MANY && elections.every(({ name, leader }) => leader?.fencingToken === tokens.get(name));
    await until(() => views.every(isRight), { within: SLOW, what: 'all viewers to show who leads' });
    const [one, two, three] = views.map(({ picture }) => factsOf(picture));
    expect(two).to.deep.equal(one);
    expect(three).to.deep.equal(one);
    expect(watched - alone, `${alone} without viewers, ${watched} with`).to.be.at.most(VIEWERS * OF_A_VIEWER);
    await third.session.close();
  });
});
