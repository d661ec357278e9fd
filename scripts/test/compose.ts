import { composeUp, composeUsable } from '../../spec/support/cluster/compose.js';
import { ensureImage } from '../../spec/support/cluster/compose-image.js';
import type { Stage } from './stage.js';

/**
 * Runs `suite` on the three containers of docker-compose.yml. `ETCD_ENDPOINTS` tells the suite where they are. The
 * containers and their volumes are removed afterwards in any case. Without a container engine nothing can run, which is
 * a failure only when this step was asked for.
 */
export async function onCompose(stage: Stage, suite: () => Promise<boolean>): Promise<boolean> {
  const reason = await composeUsable();
  if (reason !== undefined) {
    stage.leaveOut(reason);
    return !stage.isAskedFor;
  }
  await ensureImage((line) => stage.say(`   ${line}`));
  const { hosts, down } = await composeUp();
  const { ETCD_ENDPOINTS: before, ETCD_VERSION: version } = process.env;
  process.env.ETCD_ENDPOINTS = hosts.join(',');
  delete process.env.ETCD_VERSION; // the release is that of the image
  try {
    return await suite();
  } finally {
    if (before === undefined) delete process.env.ETCD_ENDPOINTS;
    else process.env.ETCD_ENDPOINTS = before;
    if (version !== undefined) process.env.ETCD_VERSION = version;
    await down();
  }
}
