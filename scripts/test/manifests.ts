import { buildDecoder } from '../../spec/support/kubernetes-types.js';
import { mocha } from './mocha.js';
import type { Stage } from './stage.js';

/**
 * Decodes the manifests with the types of Kubernetes. That takes Go and its modules. Without them nothing can run,
 * which is a failure only when this step was asked for.
 */
export async function onManifests(stage: Stage): Promise<boolean> {
  const reason = await buildDecoder();
  if (reason !== undefined) {
    stage.leaveOut(reason);
    return !stage.isAskedFor;
  }
  return await mocha(stage, 'dist/spec/manifests/*.spec.js');
}
