import { composeUp, composeUsable } from '../../spec/support/cluster/compose.js';
import { ensureImage } from '../../spec/support/cluster/compose-image.js';
import type { Stage } from './stage.js';

/**
 * Runs `suite` on the three containers of docker-compose.yml, told where by `ETCD_ENDPOINTS`, and takes them and their
 * volumes down whatever comes of it. Without an engine there is nothing to run: that fails only when it was asked for.
 */
export async function onCompose(stage: Stage, suite: () => Promise<boolean>): Promise<boolean> {
  const reason = await composeUsable();
  if (reason !== undefined) {
    stage.say(`   left out: ${reason}`);
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
